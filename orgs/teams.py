"""Teams: groups of an organization's members.

Owners and admins manage them all and say who leads. A lead takes members of the organization into
the own team and out of it, other leads excepted. Everybody may leave.
"""

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models.functions import Lower, Now
from django.urls import reverse
from uuid_utils.compat import uuid7

from accounts.events import Event
from accounts.names import LENGTH, validate_name
from accounts.verbs import Verb
from orgs import limits
from orgs.roles import TEAM_PERMISSIONS, Permission, TeamRole

if TYPE_CHECKING:
    from orgs.models import Membership, Organization


# People do not add or remove themselves: they join and leave.
BY_ONESELF = {
    Verb.TEAM_MEMBER_ADDED: Verb.TEAM_JOINED,
    Verb.TEAM_MEMBER_REMOVED: Verb.TEAM_LEFT,
}


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
            ),
            # What composite foreign keys point at.
            models.UniqueConstraint(fields=["id", "organization"], name="team_id_organization"),
        ]
        indexes = [models.Index(fields=["organization", "id"], name="team_list")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("orgs:team_detail", args=[self.organization.slug, self.pk])

    @classmethod
    @transaction.atomic
    def create(cls, organization: "Organization", name: str, *, by: "Membership") -> Self:
        """Return a new team with nobody in it.

        Raises PermissionDenied, LimitReached, and IntegrityError for a name that another team has,
        whatever its case.
        """
        acting = organization.lock_for(by, Permission.MANAGE_TEAMS)
        limits.check(organization.teams.all(), settings.MAX_TEAMS, "teams in an organization")
        team = cls.objects.create(organization=organization, name=name)
        team._record(Verb.TEAM_CREATED, acting)
        return team

    @transaction.atomic
    def rename(self, name: str, *, by: "Membership") -> None:
        """Change the name, if it is another one.

        Raises PermissionDenied, and IntegrityError for a name that another team has.
        """
        acting = self._lock_for(by, Permission.MANAGE_TEAMS)
        if name != self.name:
            Team.objects.filter(pk=self.pk).update(name=name)
            before, self.name = self.name, name
            self._record(Verb.TEAM_RENAMED, acting, before=before, after=name)

    @transaction.atomic
    def erase(self, *, by: "Membership") -> None:
        """Delete the team; its people stay in the organization. Raises PermissionDenied."""
        acting = self._lock_for(by, Permission.MANAGE_TEAMS)
        self._record(Verb.TEAM_DELETED, acting)
        self.delete()

    @transaction.atomic
    def add(self, *people: "Membership", by: "Membership") -> list["Membership"]:
        """Take in members of the organization; return those who were not in the team yet.

        All of them or nobody. Raises PermissionDenied, LimitReached, and ValidationError if one of
        them is no member, or no longer.
        """
        acting = self._lock_for(by, Permission.MANAGE_TEAM_PEOPLE)
        new = [member for member in self._held(people) if not member.is_in_team]
        limits.check(
            self.team_memberships.all(),
            settings.MAX_TEAM_MEMBERS,
            "people in a team",
            more=len(new),
        )
        TeamMembership.objects.bulk_create(
            TeamMembership(team=self, membership=member, organization=self.organization)
            for member in new
        )
        self._record_about(new, Verb.TEAM_MEMBER_ADDED, acting)
        return new

    @transaction.atomic
    def remove(self, membership: "Membership", *, by: "Membership") -> None:
        """Take somebody out of the team; they stay in the organization. By themselves, they leave.

        Raises PermissionDenied, and TeamMembership.DoesNotExist for somebody who is not in it.
        """
        acting = self._lock_for(by)
        place = self._place_of(membership)
        if acting.pk != membership.pk:
            is_lead = place.role == TeamRole.LEAD
            needed = Permission.MANAGE_TEAMS if is_lead else Permission.MANAGE_TEAM_PEOPLE
            self._check(acting, needed)
        place.delete()
        self._record_about([place.membership], Verb.TEAM_MEMBER_REMOVED, acting)

    @transaction.atomic
    def change_role(self, membership: "Membership", role: TeamRole, *, by: "Membership") -> None:
        """Let somebody in the team lead it, beside others maybe, or be a plain member again.

        Raises PermissionDenied, and TeamMembership.DoesNotExist for somebody who is not in it.
        """
        acting = self._lock_for(by, Permission.MANAGE_TEAMS)
        place = self._place_of(membership)
        if role != place.role:
            before, place.role = place.role, role
            place.save(update_fields=["role"])
            verb = Verb.TEAM_MEMBER_ROLE_CHANGED
            self._record_about([place.membership], verb, acting, before=before, after=role)

    def _lock_for(self, by: "Membership", *needed: Permission) -> "Membership":
        """Lock the organization, then the team; return who acts, as they are now.

        Raises PermissionDenied, and DoesNotExist for a team that was deleted meanwhile.
        """
        organization = self.organization
        organization.lock()
        self.refresh_from_db(from_queryset=Team.objects.select_for_update(no_key=True))
        self.organization = organization
        acting = organization.acting(by)
        for permission in needed:
            self._check(acting, permission)
        return acting

    def _check(self, acting: "Membership", permission: Permission) -> None:
        """Raise PermissionDenied for who has the permission neither in general nor in this team."""
        if acting.can(permission):
            return
        place = self.team_memberships.filter(membership=acting.pk).first()
        if place is None or permission not in TEAM_PERMISSIONS[TeamRole(place.role)]:
            raise PermissionDenied(f"This takes the permission to {permission.label}.")

    def _held(self, people: tuple["Membership", ...]) -> list[Any]:
        """Return these members as they are now, each with `is_in_team`, none of whom goes away."""
        mine = self.team_memberships.filter(membership=models.OuterRef("pk"))
        ids = {member.pk for member in people}
        held = list(
            self.organization.memberships.filter(pk__in=ids)
            .select_related("user")
            .annotate(is_in_team=models.Exists(mine))
            .select_for_update(of=("self",), no_key=True)
            .order_by("pk")
        )
        if len(held) < len(ids):
            raise ValidationError("One of them is no longer a member. Choose again.")
        return held

    def _place_of(self, membership: "Membership") -> "TeamMembership":
        return self.team_memberships.select_related("membership__user").get(
            membership=membership.pk
        )

    def _record(self, verb: Verb, acting: "Membership", **data: Any) -> None:
        self.organization.record(verb, by=acting.user, subject=self, **data)

    def _record_about(
        self, people: list["Membership"], verb: Verb, acting: "Membership", **data: Any
    ) -> None:
        if verb in BY_ONESELF and acting in people:
            self._record(BY_ONESELF[verb], acting)
            people = [member for member in people if member != acting]
        Event.record_all(
            verb,
            by=acting.user,
            subjects={member.user: str(member.user) for member in people},
            organization_id=self.organization_id,
            team=str(self),
            team_id=str(self.pk),
            **data,
        )


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
        indexes = [
            models.Index(fields=["team", "id"], name="team_membership_list"),
            models.Index(
                fields=["id"],
                condition=models.Q(role=TeamRole.LEAD),
                name="team_membership_of_lead",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership.user} in {self.team}"
