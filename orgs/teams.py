"""Teams: groups of an organization's members."""

from django.db import models
from django.db.models.functions import Lower, Now
from django.urls import reverse
from uuid_utils.compat import uuid7

from accounts.names import LENGTH, validate_name
from orgs.roles import TeamRole


class Team(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        "orgs.Organization",
        models.CASCADE,
        related_name="teams",
        db_index=False,  # team_list begins with it
    )
    name = models.CharField(max_length=LENGTH, validators=[validate_name])
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                "organization",
                Lower("name"),
                name="team_name",
                violation_error_message="There is a team of this name already. Choose another.",
            ),
            # What composite foreign keys point at.
            models.UniqueConstraint(fields=["id", "organization"], name="team_id_organization"),
        ]
        indexes = [models.Index(fields=["organization", "id"], name="team_list")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("orgs:team_detail", args=[self.organization.slug, self.pk])


class TeamMembership(models.Model):
    """A member's place in a team; it goes with the team and with the membership.

    Composite foreign keys (migrations/0004_teams_stay_inside) keep both in one organization.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(
        Team,
        models.CASCADE,
        related_name="team_memberships",
        db_index=False,  # the unique index begins with it
    )
    membership = models.ForeignKey(
        "orgs.Membership", models.CASCADE, related_name="team_memberships"
    )
    organization = models.ForeignKey(
        "orgs.Organization", models.CASCADE, related_name="+", editable=False, db_index=False
    )
    role = models.CharField(max_length=20, choices=TeamRole, default=TeamRole.MEMBER)
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["team", "membership"], name="team_membership_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=TeamRole.values), name="team_membership_role"
            ),
        ]
        indexes = [models.Index(fields=["team", "id"], name="team_membership_list")]

    def __str__(self) -> str:
        return f"{self.membership.user} in {self.team}"
