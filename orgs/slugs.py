"""An organization's place in the address bar: /o/<slug>/."""

import re
import secrets

from django.core.exceptions import ValidationError
from django.utils.text import slugify

RESERVED = frozenset(
    ["account", "accounts", "admin", "api", "health", "new", "organizations", "setup", "static"]
)


def validate_slug(slug: str) -> None:
    """Raise ValidationError, with what to do about it, for a slug that cannot be a web address."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or not 3 <= len(slug) <= 50:
        raise ValidationError(
            "Use 3 to 50 lower-case letters, digits and single hyphens, none at an end."
        )
    if slug in RESERVED:
        raise ValidationError("This web address is reserved. Choose another.")


def suggest_slug(name: str) -> str:
    """Return a valid slug for the name; one made up where the name has no Latin letter or digit."""
    slug = slugify(name)[:40].strip("-")
    if len(slug) < 3 or slug in RESERVED:
        slug = f"{slug}-{secrets.token_hex(3)}".strip("-")
    return slug
