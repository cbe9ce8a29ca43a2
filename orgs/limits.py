"""How many of a thing there may be. Each is enforced under a lock, where the thing is made."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models

from accounts.models import User

if TYPE_CHECKING:
    from orgs.models import Organization


class LimitReached(ValidationError):
    """The text says which limit, and how many there may be."""


def check(
    existing: models.QuerySet, limit: int, what: str, *, more: int = 1, advice: str = ""
) -> None:
    """Raise LimitReached if `more` rows beside the existing ones would be too many.

    `what` completes 'There can be at most 100 …', `advice` is a sentence on how to make room. Call
    it while holding the row that all of them hang on, so that nobody adds one at the same time.
    """
    if existing[: limit + 1].count() + more > limit:
        raise LimitReached(f"There can be at most {limit} {what}. {advice}".strip())


def is_full(organization: "Organization") -> bool:
    """Whether no seat is free. Ask under the organization's lock before one is taken."""
    seats = settings.MAX_MEMBERS
    return organization.memberships.all()[:seats].count() == seats


def check_owned(person: User) -> None:
    """Raise LimitReached if this person cannot be the primary owner of one more organization.

    Holds the person (see `hold`) until the transaction ends.
    """
    hold(person)
    check(
        person.memberships.filter(ownership__isnull=False),
        settings.MAX_ORGANIZATIONS_OWNED,
        "organizations of which you are the primary owner",
        advice="Hand one over to somebody else, or delete one.",
    )


def hold(person: User) -> None:
    """Let nobody else make this person a primary owner until the transaction ends.

    Where an organization is locked too, that comes first. Raises PermissionDenied for somebody
    whose account was deleted meanwhile.
    """
    if not User.objects.select_for_update(no_key=True).only("pk").filter(pk=person.pk).first():
        raise PermissionDenied("This account was deleted.")
