"""An organization's place in the address bar: /o/<slug>/."""

import re
import secrets
import unicodedata
from collections.abc import Container

from django.core.exceptions import ValidationError

RESERVED = frozenset(
    ["account", "accounts", "admin", "api", "health", "new", "organizations", "setup", "static"]
)


def validate_slug(slug: str) -> None:
    """Raise ValidationError, with what to do about it, for a slug that cannot be a web address."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or not 3 <= len(slug) <= 50:
        raise ValidationError(
            "Use 3 to 50 lowercase letters, digits and single hyphens, but none at an end."
        )
    if slug in RESERVED:
        raise ValidationError("This web address is reserved. Choose another.")


def suggest_slugs(name: str) -> list[str]:
    """Return valid slugs for the name, the best first, the last one made up and surely free.

    static/js/slug.js makes the first one while a person types.
    """
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower())[:40].strip("-")
    made_up = f"{slug}-{secrets.token_hex(4)}".strip("-")
    if len(slug) < 3 or slug in RESERVED:
        return [made_up]
    return [slug, *(f"{slug}-{number}" for number in range(2, 10)), made_up]


def first_free(slugs: list[str], taken: Container[str]) -> str:
    """Return the first of the slugs that is not taken, the last one without asking."""
    return next((slug for slug in slugs if slug not in taken), slugs[-1])
