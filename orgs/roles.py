"""Which role may do what. This table is the rule; the gate in access.py asks it, views never do."""

from django.db import models


class Role(models.TextChoices):
    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class Permission(models.TextChoices):
    SEE_ORGANIZATION = "see_organization", "see the organization and its members"
    SEE_INVITATIONS = "see_invitations", "see pending invitations"
    INVITE = "invite", "invite people, resend and revoke invitations"
    INVITE_OWNER = "invite_owner", "invite owners"


PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.ADMIN: frozenset(
        {Permission.SEE_ORGANIZATION, Permission.SEE_INVITATIONS, Permission.INVITE}
    ),
    Role.MEMBER: frozenset({Permission.SEE_ORGANIZATION}),
}
