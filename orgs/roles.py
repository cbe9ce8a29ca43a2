"""Which role may do what. This table is the rule; the gate in access.py asks it, views never do."""

from django.db import models


class Role(models.TextChoices):
    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class TeamRole(models.TextChoices):
    LEAD = "lead"
    MEMBER = "member"


class Permission(models.TextChoices):
    SEE_ORGANIZATION = "see_organization", "see the organization, its members and teams"
    SEE_INVITATIONS = "see_invitations", "see pending invitations"
    SEE_EVENTS = "see_events", "see the audit trail"
    EDIT_ORGANIZATION = "edit_organization", "change the name, web address, logo and metadata"
    INVITE = "invite", "invite people, resend and revoke invitations"
    MANAGE_MEMBERS = "manage_members", "change the role of members and admins, and remove them"
    MANAGE_OWNERS = "manage_owners", "invite, make, demote and remove owners"
    MANAGE_TEAMS = "manage_teams", "create, rename and delete teams"
    MANAGE_TEAM_PEOPLE = "manage_team_people", "add people to a team and remove them"
    TRANSFER_OWNERSHIP = "transfer_ownership", "hand over the organization"
    DELETE_ORGANIZATION = "delete_organization", "delete the organization"


MEMBER = frozenset({Permission.SEE_ORGANIZATION})
ADMIN = MEMBER | {
    Permission.SEE_INVITATIONS,
    Permission.SEE_EVENTS,
    Permission.EDIT_ORGANIZATION,
    Permission.INVITE,
    Permission.MANAGE_MEMBERS,
    Permission.MANAGE_TEAMS,
    Permission.MANAGE_TEAM_PEOPLE,
}
OWNER = ADMIN | {Permission.MANAGE_OWNERS}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: OWNER,
    Role.ADMIN: ADMIN,
    Role.MEMBER: MEMBER,
}

# What the primary owner, who is one of the owners, may do beyond them.
OF_PRIMARY_OWNER = frozenset({Permission.TRANSFER_OWNERSHIP, Permission.DELETE_ORGANIZATION})

# What a role in a team adds, in that team alone.
TEAM_PERMISSIONS: dict[TeamRole, frozenset[Permission]] = {
    TeamRole.LEAD: frozenset({Permission.MANAGE_TEAM_PEOPLE}),
    TeamRole.MEMBER: frozenset(),
}
