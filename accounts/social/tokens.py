"""OAuth tokens at rest: columns of allauth's SocialToken that hold nothing readable."""

import logging
from typing import Any

from allauth.socialaccount.models import SocialToken
from django.db import models

from accounts.encryption import InvalidToken, decrypt, encrypt

COLUMNS = ("token", "token_secret")

logger = logging.getLogger(__name__)


class EncryptedTextField(models.TextField):
    """Text to whoever uses the model; in the table it is encrypted (accounts.encryption).

    That holds for every way to write a row: save(), bulk_create(), update(). Comparing in a query
    never matches, because the same text is encrypted differently each time.
    """

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = super().get_db_prep_value(value, connection, prepared)
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Return the text, or '' if none of the secrets encrypted it.

        Nobody is to be locked out by a lost secret: the next sign-in brings another token.
        """
        try:
            return decrypt(value) if value else value
        except InvalidToken:
            logger.warning("An OAuth token cannot be decrypted with any of ENCRYPTION_SECRETS.")
            return ""

    def deconstruct(self) -> Any:
        """Look like the text field it was: the table and its migrations are allauth's."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs


def encrypt_tokens() -> None:
    """Have SocialToken keep its columns encrypted.

    allauth has no hook for this: it writes tokens at sign-up, at sign-in and when an account is
    connected, each time through the model. So the model's own fields learn it.
    """
    for column in COLUMNS:
        SocialToken._meta.get_field(column).__class__ = EncryptedTextField
