"""Second factors and passkeys: where we differ from allauth's defaults."""

import secrets
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef

from accounts import encryption
from accounts.models import User

SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
HAS_SECOND_FACTOR = Exists(
    Authenticator.objects.filter(user=OuterRef("pk"), type__in=SECOND_FACTORS)
)
PASSKEY_NOT_ACCEPTED = (
    "This passkey was not accepted. Reload the page and try again, or use another way."
)


def has_second_factor(user: User) -> bool:
    """Whether sign-in asks this person for more than a password; recovery codes alone do not."""
    return is_mfa_enabled(user, SECOND_FACTORS)


def distrust_browsers(user: User) -> None:
    """Let the next sign-in ask for the second factor on every browser that was trusted.

    allauth trusts a browser as long as nothing of the person's set-up changes, which is their
    password and of each authenticator its id, type and 'seed'.
    """
    seed = models.Value({"seed": secrets.token_urlsafe(16)}, models.JSONField())
    with_seed = models.Func(models.F("data"), seed, template="%(expressions)s", arg_joiner=" || ")
    Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS).update(data=with_seed)


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_generate_recovery_codes": "Recovery codes stand in for a second step. Add an "
        "authenticator app or a passkey first.",
        "incorrect_code": PASSKEY_NOT_ACCEPTED,  # for codes: accounts/codes.py
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
