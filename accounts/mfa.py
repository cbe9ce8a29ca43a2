"""Second factors and passkeys: where we differ from allauth's defaults."""

from allauth.mfa.adapter import DefaultMFAAdapter

from accounts import encryption


class MFAAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)
