"""What allauth asks us about second factors and passkeys: where we differ from its defaults."""

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings

from accounts import encryption
from accounts.models import User

PASSKEY_NOT_ACCEPTED = (
    "This passkey was not accepted. Reload the page and try again, or use another way."
)


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_generate_recovery_codes": "Recovery codes stand in for a second step. Add an "
        "authenticator app or a passkey first.",
        "incorrect_code": PASSKEY_NOT_ACCEPTED,  # for codes: accounts/mfa/codes.py
        "unverified_email": "Confirm all of your email addresses first, or remove those you do "
        "not need.",
    }

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)

    def generate_authenticator_name(self, user: User, kind: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user=user, type=kind).count() + 1
        return "Passkey" if number == 1 else f"Passkey {number}"

    def get_public_key_credential_rp_entity(self) -> dict[str, Any]:
        """Return the host, to which a passkey is bound for ever, and the name people read."""
        return super().get_public_key_credential_rp_entity() | {"name": settings.SITE_NAME}
