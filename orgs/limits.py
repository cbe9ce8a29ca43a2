"""How many of a thing there may be. Each is enforced under a lock, where the thing is made."""

from django.core.exceptions import ValidationError
from django.db import models


class LimitReached(ValidationError):
    """The text says which limit, and how many there may be."""


def check(existing: models.QuerySet, limit: int, what: str, *, more: int = 1) -> None:
    """Raise LimitReached if `more` rows beside the existing ones would be too many.

    `what` completes 'There can be at most 100 …'. Call it while holding the row that all of
    them hang on, so that nobody adds one at the same time.
    """
    if existing[: limit + 1].count() + more > limit:
        raise LimitReached(f"There can be at most {limit} {what}.")
