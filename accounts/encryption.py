"""Secrets that have to be read again (TOTP keys, OAuth tokens, sessions) are encrypted at rest.

Fernet (AES-128-CBC with HMAC-SHA256) under a key derived from each of ENCRYPTION_SECRETS: the
first encrypts, all of them decrypt. `manage.py reencrypt` brings everything under the first.
"""

import base64
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

__all__ = ["InvalidToken", "decrypt", "encrypt", "renew"]


def encrypt(text: str) -> str:
    """Return the text encrypted, as URL-safe base64."""
    return _fernet(tuple(settings.ENCRYPTION_SECRETS)).encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Return the text; raises InvalidToken if none of the secrets encrypted it."""
    return _fernet(tuple(settings.ENCRYPTION_SECRETS)).decrypt(encrypted).decode()


def renew(encrypted: str) -> str:
    """Return the same text encrypted under the first secret; raises InvalidToken as above."""
    return _fernet(tuple(settings.ENCRYPTION_SECRETS)).rotate(encrypted).decode()


@cache
def _fernet(secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in secrets])


def _key(secret: str) -> bytes:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"groundwork encryption at rest")
    return base64.urlsafe_b64encode(derived.derive(secret.encode()))
