"""What a product keeps about an organization without a column of its own: one small JSON object."""

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import CheckConstraint, F, Func, IntegerField, Q, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import Exact, LessThanOrEqual

from accounts import strict_json

MAX_BYTES = 8 * 1024  # as PostgreSQL writes it
MAX_TYPED = 8 * MAX_BYTES  # characters, with the spaces and line breaks that people put between
TOO_LARGE = "This is too large. Metadata takes at most 8 KiB."


def parse(text: str) -> dict[str, Any]:
    """Return the JSON object that somebody typed; nothing is an empty one.

    Raises ValidationError for what is none, or could not be kept. How large it may be, the
    constraint says: a ModelForm asks it.
    """
    if len(text) > MAX_TYPED:
        raise ValidationError(TOO_LARGE)
    try:
        return strict_json.parse(text.strip().encode() or b"{}")
    except ValueError as error:
        raise ValidationError(_reason(error)) from error


def pretty(metadata: dict[str, Any]) -> str:
    """Return it as people edit it."""
    return json.dumps(metadata, indent=2, ensure_ascii=False) if metadata else ""


def constraint() -> CheckConstraint:
    """Return what lets the database keep nothing but a small object."""
    kind = Func(F("metadata"), function="jsonb_typeof", output_field=TextField())
    size = Func(Cast("metadata", TextField()), function="octet_length", output_field=IntegerField())
    return CheckConstraint(
        condition=Q(Exact(kind, "object"), LessThanOrEqual(size, MAX_BYTES)),
        name="organization_metadata",
        violation_error_message=TOO_LARGE,
    )


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"This is not JSON: see line {error.lineno}, column {error.colno}."
    return f"This is not one JSON object that every program reads the same way: {error}."
