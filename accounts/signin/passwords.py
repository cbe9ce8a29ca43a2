"""How passwords are judged and kept."""

from typing import Any

from django.contrib.auth import hashers, password_validation
from django.core.exceptions import ValidationError

from accounts.signin.breaches import is_breached

MAX_LENGTH = 128  # characters: what hashing a password may cost has an end


class Argon2PasswordHasher(hashers.Argon2PasswordHasher):
    """Argon2id at the cost OWASP asks for (Password Storage Cheat Sheet: m=19 MiB, t=2, p=1)."""

    memory_cost = 19456  # KiB
    time_cost = 2
    parallelism = 1


class LengthValidator(password_validation.MinimumLengthValidator):
    """One of AUTH_PASSWORD_VALIDATORS: neither too short nor too long."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError for fewer than 8 or more than MAX_LENGTH characters."""
        super().validate(password, user)
        if len(password) > MAX_LENGTH:
            raise ValidationError(
                f"This password is too long. Use at most {MAX_LENGTH} characters.",
                code="password_too_long",
            )

    def get_help_text(self) -> str:
        return f"Your password must contain {self.min_length} to {MAX_LENGTH} characters."


class BreachValidator:
    """One of AUTH_PASSWORD_VALIDATORS where PWNED_PASSWORDS is set: no password out of a breach."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError for a password that a list of stolen ones holds."""
        if len(password) <= MAX_LENGTH and is_breached(password):
            raise ValidationError(
                "This password was stolen from another site and is on lists that guessers use. "
                "Choose one that you use nowhere else.",
                code="password_breached",
            )

    def get_help_text(self) -> str:
        return "Your password must not be on a list of stolen passwords."


def is_renewed(user: Any, raw_password: str) -> bool:
    """Keep the right password of `user` as we hash passwords now; return whether it still is right.

    Somebody else may have renewed it at the same moment, or changed it: then their hash stays, and
    has the last word.
    """
    encoded = hashers.make_password(raw_password)
    rows = type(user).objects.filter(pk=user.pk)
    if rows.filter(password=user.password).update(password=encoded):
        user.password = encoded
        return True
    user.password = rows.values_list("password", flat=True).first() or ""
    return hashers.check_password(raw_password, user.password)
