"""The ladder of platform roles: one table that says who may do what in the admin.

It drives Django's `is_staff`, `is_superuser` and `has_perm`. Roles within an organization are
something else: orgs/roles.py.
"""

from django.db import models


class PlatformRole(models.TextChoices):
    """From the lowest to the highest."""

    USER = "user", "User"
    STAFF = "staff", "Staff"
    ADMIN = "admin", "Admin"
    OWNER = "owner", "Owner"

    @property
    def rank(self) -> int:
        return list(PlatformRole).index(self)


# What Django's admin may do with rows: the first word of a permission's codename.
ACTIONS: dict[PlatformRole, frozenset[str]] = {
    PlatformRole.USER: frozenset(),
    PlatformRole.STAFF: frozenset({"view"}),
    PlatformRole.ADMIN: frozenset({"view", "add", "change"}),
    PlatformRole.OWNER: frozenset({"view", "add", "change", "delete"}),
}
