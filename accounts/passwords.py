"""How passwords are judged and kept."""

from typing import Any

from django.contrib.auth import hashers, password_validation
from django.core.exceptions import ValidationError

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
