"""The ladder of platform roles: one table that says who may do what, and to whom.

It drives Django's `is_staff`, `is_superuser` and `has_perm`. Roles within an organization are
something else: orgs/roles.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, transaction


class PlatformRole(models.TextChoices):
    """From the lowest to the highest."""

    USER = "user", "User"
    STAFF = "staff", "Staff"
    ADMIN = "admin", "Admin"
    OWNER = "owner", "Owner"

    def allows(self, action: str) -> bool:
        """Whether the admin lets this role view, add, change or delete rows."""
        return action in LADDER[self].actions

    def handles(self, role: str) -> bool:
        """Whether this role may ban, edit or act as people of that role, and give it."""
        return role in LADDER[self].handles


class Powers(NamedTuple):
    actions: set[str]  # the first word of a permission's codename
    handles: set[PlatformRole]


LADDER = {
    PlatformRole.USER: Powers(actions=set(), handles=set()),
    PlatformRole.STAFF: Powers(actions={"view"}, handles=set()),
    PlatformRole.ADMIN: Powers(
        actions={"view", "add", "change"},
        handles={PlatformRole.USER, PlatformRole.STAFF},
    ),
    PlatformRole.OWNER: Powers(
        actions={"view", "add", "change", "delete"},
        handles=set(PlatformRole),
    ),
}


class LastOwner(PermissionDenied):
    """The platform would be left without an owner, which the database refuses."""

    def __init__(self) -> None:
        super().__init__("This is the platform’s last owner. Make somebody else an owner first.")


@contextmanager
def last_owner_stays() -> Iterator[None]:
    """A transaction that raises LastOwner for what the database refuses for that reason.

    What it refuses is in accounts/migrations/0002_last_owner_stays.py.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        if diagnosis and diagnosis.constraint_name == "last_owner_stays":
            raise LastOwner from error
        raise
