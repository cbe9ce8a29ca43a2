"""How passwords are kept."""

from django.contrib.auth import hashers


class Argon2PasswordHasher(hashers.Argon2PasswordHasher):
    """Argon2id at the cost OWASP asks for (Password Storage Cheat Sheet: m=19 MiB, t=2, p=1)."""

    memory_cost = 19456  # KiB
    time_cost = 2
    parallelism = 1
