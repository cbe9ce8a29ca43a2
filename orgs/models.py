"""Whose: organizations, their members and their primary owner.

All three subclass abstract models of django-organizations. Invitations, teams and transfers have
modules of their own. What the database itself guarantees: migrations/0002_owner_always_exists and
0004_teams_stay_inside.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.urls import reverse
from django.utils import timezone
from organizations.abstract import (
    AbstractOrganization,
    AbstractOrganizationOwner,
    AbstractOrganizationUser,
)
from organizations.signals import user_added
from organizations.utils import create_organization
from uuid_utils.compat import uuid7

from accounts.events import Event
from accounts.models import Avatar, User
from accounts.names import validate_name
from accounts.verbs import Verb
from orgs import emails, inviting, limits, metadata
from orgs.invitations import Invitation as Invitation  # one of the models of this app
from orgs.inviting import Answer
from orgs.roles import OF_PRIMARY_OWNER, PERMISSIONS, Permission, Role
from orgs.slugs import suggest_slugs, validate_slug
from orgs.teams import Team as Team
from orgs.teams import TeamMembership as TeamMembership
from orgs.transfers import Transfer as Transfer

DOUBLE_CLICK = timedelta(seconds=10)


class PrimaryOwnerStays(Exception):
    """The text is for the person who tried."""

    def __init__(self, member: "Membership") -> None:
        super().__init__(
            f"{member.user} is the primary owner of {member.organization}, and stays an owner until"
            " somebody else has taken the organization over."
        )


class Organization(AbstractOrganization):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100, validators=[validate_name])
    slug = models.SlugField(
        "web address",
        max_length=50,
        unique=True,
        validators=[validate_slug],
        error_messages={"unique": "This web address is taken. Choose another."},
    )
    logo = models.OneToOneField(
        Avatar, models.SET_NULL, null=True, blank=True, editable=False, related_name="organization"
    )
    metadata = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), blank=True
    )
    users = models.ManyToManyField(
        User, through="orgs.Membership", related_name="organizations", editable=False
    )

    class Meta:
        ordering = ["-id"]
        constraints = [metadata.constraint()]

    def __str__(self) -> str:
        return self.name

    @classmethod
    @transaction.atomic
    def create(cls, *, name: str, slug: str = "", by: User) -> Self:
        """Return a new organization with `by` as its primary owner.

        Without a slug it gets a free one that follows its name, and a double click makes one
        organization. Raises LimitReached, and IntegrityError when the slug is taken, also by
        somebody a moment ago.
        """
        if not slug:
            limits.hold(by)
            if twin := cls._just_made(name, by):
                return twin
        limits.check_owned(by)
        *others, last = [slug] if slug else cls.free_slugs(name)
        for other in others:
            with suppress(IntegrityError), transaction.atomic():
                return cls._create(name, other, by)
        return cls._create(name, last, by)

    @classmethod
    def free_slugs(cls, name: str) -> list[str]:
        """Return slugs for the name that nobody has at this moment, the best first."""
        slugs = suggest_slugs(name)
        taken = set(cls.objects.filter(slug__in=slugs).values_list("slug", flat=True))
        return [slug for slug in slugs if slug not in taken]

    def get_absolute_url(self) -> str:
        return reverse("orgs:organization_detail", args=[self.slug])

    def has_member(self, user: User | AnonymousUser) -> bool:
        """Whether this person, or visitor, is a member."""
        return user.is_authenticated and self.memberships.filter(user=user).exists()

    def lock(self) -> None:
        """Hold this organization's row until the transaction ends; everything of it hangs there.

        Each verb that counts or compares rows of an organization takes this lock first.
        Raises DoesNotExist if it was deleted meanwhile.
        """
        self.refresh_from_db(from_queryset=Organization.objects.select_for_update(no_key=True))

    def acting(self, by: "Membership") -> "Membership":
        """Return who acts, as they are now. Call it under the lock: powers may just have gone.

        They are held, too: nobody erases them before what they do is done.
        Raises PermissionDenied for somebody who is no member of this organization any more, or
        was banned.
        """
        members = self.memberships.select_related("user").annotate(
            is_primary_owner=models.Q(ownership__isnull=False)
        )
        held = members.select_for_update(of=("user",), no_key=True)
        now = held.filter(pk=by.pk).first()
        if now is None or not now.user.may_act:
            raise PermissionDenied("You are no longer a member.")
        now.organization = self
        return now

    def lock_for(self, by: "Membership", permission: Permission) -> "Membership":
        """Lock the organization; return who acts, as they are now, if they have the permission.

        Raises PermissionDenied.
        """
        self.lock()
        acting = self.acting(by)
        if not acting.can(permission):
            raise PermissionDenied(f"This takes the permission to {permission.label}.")
        return acting

    @transaction.atomic
    def edit(self, *, by: "Membership", **changes: Any) -> None:
        """Change name, slug or metadata; what is as it was changes nothing.

        Each change is an event of its own. Raises PermissionDenied, and IntegrityError when the
        slug is taken, also by somebody a moment ago.
        """
        self.lock_for(by, Permission.EDIT_ORGANIZATION)
        before = {field: getattr(self, field) for field in changes}
        # As text, because 1 equals True.
        changes = {field: new for field, new in changes.items() if repr(new) != repr(before[field])}
        if changes:
            self._update(**changes)
        for field, new in changes.items():
            told = {} if field == "metadata" else {"before": before[field], "after": new}
            self.record(Verb.ORGANIZATION_EDITED, by=by.user, subject=self, fields=[field], **told)

    @transaction.atomic
    def change_logo(self, image: bytes | None, *, by: "Membership") -> None:
        """Show this picture from now on (see accounts.avatars.encode), or none.

        The database deletes the old one. Raises PermissionDenied.
        """
        self.lock_for(by, Permission.EDIT_ORGANIZATION)
        self._update(logo=Avatar.objects.create(image=image) if image else None)
        self.record(Verb.LOGO_CHANGED, by=by.user, subject=self, removed=image is None)

    @transaction.atomic
    def erase(self, *, by: "Membership") -> None:
        """Delete the organization with everything of it, and tell all members by email.

        Raises PermissionDenied for anybody but the primary owner.
        """
        self.lock_for(by, Permission.DELETE_ORGANIZATION)
        self.record(Verb.ORGANIZATION_DELETED, by=by.user, subject=self)
        emails.organization_deleted(self, by.user)
        self.delete()

    @transaction.atomic
    def add_user(
        self, user: User, role: Role = Role.MEMBER, *, by: User | None = None
    ) -> "Membership":
        """Return the new membership; raises IntegrityError for somebody who has one.

        `by` is who adds them, None for a command. Raises LimitReached.
        """
        membership = self._admit(user, role)
        self.record(Verb.MEMBER_ADDED, by=by, subject=user, role=role)
        return membership

    def invite(
        self,
        email: str,
        role: Role,
        *,
        by: "Membership",
        teams: Collection[UUID] = (),
        message: str = "",
    ) -> "Invitation":
        """Return the invitation whose link is now on its way to the address, typed in any way.

        Raises PermissionDenied, or the CannotInvite that says why; see `invite_all`.
        """
        email = User.objects.normalize_email(email)
        answers = self.invite_all([email], role, by=by, teams=teams, message=message)
        answer = answers[email]
        if isinstance(answer, Invitation):
            return answer
        raise answer

    def invite_all(
        self,
        emails: Iterable[str],
        role: Role,
        *,
        by: "Membership",
        teams: Collection[UUID] = (),
        message: str = "",
    ) -> dict[str, Answer]:
        """Invite these addresses (as they are stored); return for each its invitation, or why not.

        Whoever is refused keeps nobody else out. An invitation of the address that expired is
        renewed. Whether an address has an account makes no difference. `teams` are ids; those of
        teams that are not, or no longer, there are left out. `message` is one line of plain text.

        Raises PermissionDenied.
        """
        return inviting.invite_all(self, emails, role, by=by, teams=teams, message=message)

    def record(self, verb: Verb, *, by: User | None, subject: models.Model, **data: Any) -> None:
        """Write an event of this organization into the audit trail."""
        Event.record(verb, by=by, subject=subject, organization_id=self.pk, **data)

    def _update(self, **changes: Any) -> None:
        """Write the fields, here only once the database has taken them."""
        changes["modified"] = timezone.now()
        Organization.objects.filter(pk=self.pk).update(**changes)
        for field, value in changes.items():
            setattr(self, field, value)

    @classmethod
    def _create(cls, name: str, slug: str, by: User) -> Self:
        organization = create_organization(
            by, name, slug, model=cls, org_user_defaults={"role": Role.OWNER}
        )
        organization.record(Verb.ORGANIZATION_CREATED, by=by, subject=organization)
        return organization

    @classmethod
    def _just_made(cls, name: str, by: User) -> Self | None:
        made = cls.objects.filter(name=name, owner__organization_user__user=by)
        return made.filter(created__gt=timezone.now() - DOUBLE_CLICK).first()

    def _admit(self, user: User, role: Role) -> "Membership":
        """Make the person a member, if there is a seat; raises LimitReached."""
        self.lock()
        limits.check(self.memberships.all(), settings.MAX_MEMBERS, "members in an organization")
        membership = self.memberships.create(user=user, role=role)
        user_added.send(sender=self, user=user)
        return membership

    @property
    def memberships(self) -> "models.Manager[Membership]":
        """The library's `organization_users` under our name."""
        return self.organization_users


class Membership(AbstractOrganizationUser):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        User,
        models.CASCADE,
        related_name="memberships",
        db_index=False,  # the unique index begins with it
    )
    organization = models.ForeignKey(
        Organization,
        models.CASCADE,
        related_name="organization_users",
        related_query_name="membership",
        db_index=False,  # membership_list begins with it
    )
    role = models.CharField(max_length=20, choices=Role, default=Role.MEMBER)
    is_admin = models.GeneratedField(
        expression=models.Q(role__in=[Role.OWNER, Role.ADMIN]),  # type: ignore[arg-type]
        output_field=models.BooleanField(),
        db_persist=True,
    )
    visited = models.DateTimeField("last visit", null=True, blank=True, editable=False)
    # What lists are sorted and searched by; migrations/0007_members_are_found fills them.
    sort_name = models.CharField(max_length=254, default="", editable=False)
    search = SearchVectorField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        unique_together = [("user", "organization")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role"
            ),
            # What TeamMembership's composite foreign key points at.
            models.UniqueConstraint(
                fields=["id", "organization"], name="membership_id_organization"
            ),
            # What Ownership's composite foreign key points at.
            models.UniqueConstraint(
                fields=["id", "organization", "role"], name="membership_id_organization_role"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "id"], name="membership_list"),
            models.Index(fields=["organization", "sort_name", "id"], name="membership_by_name"),
            models.Index(fields=["organization", "role", "id"], name="membership_of_role"),
            models.Index(
                fields=["organization", "role", "sort_name", "id"],
                name="membership_of_role_by_name",
            ),
            # Few among millions, for the platform's staff.
            models.Index(
                fields=["role", "id"],
                condition=~models.Q(role=Role.MEMBER),
                name="membership_with_powers",
            ),
            # Without fast updates: what they put off, each search would read.
            GinIndex(fields=["search"], name="membership_search", fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}"

    def clean(self) -> None:
        super().clean()
        if self.role != Role.OWNER and Ownership.objects.filter(organization_user=self.pk).exists():
            raise ValidationError(
                {"role": "The primary owner keeps the role of owner until somebody else has it."}
            )

    def get_absolute_url(self) -> str:
        return reverse("orgs:member_detail", args=[self.organization.slug, self.pk])

    @cached_property
    def is_primary_owner(self) -> bool:
        """Whether the Ownership names this member. The gate has read it with the membership."""
        return Ownership.objects.filter(organization_user=self.pk).exists()

    @property
    def permissions(self) -> frozenset[Permission]:
        """What this member may do in the organization, whichever team it is about."""
        of_role = PERMISSIONS[Role(self.role)]
        return of_role | OF_PRIMARY_OWNER if self.is_owner and self.is_primary_owner else of_role

    @property
    def is_owner(self) -> bool:
        return self.role == Role.OWNER

    def can(self, permission: Permission) -> bool:
        """Whether this member has the permission in the organization."""
        return permission in self.permissions

    def can_manage(self, other: "Membership") -> bool:
        """Whether this member may change the role of the other one, or remove them.

        Nobody changes the primary owner, nor themselves: people leave, they do not remove.
        """
        if other.organization_id != self.organization_id or other.pk == self.pk:
            return False
        needed = Permission.MANAGE_OWNERS if other.is_owner else Permission.MANAGE_MEMBERS
        return self.can(needed) and not (other.is_owner and other.is_primary_owner)

    def can_invite(self, role: str) -> bool:
        """Whether this member may hand out the role, and resend or revoke an invitation to it."""
        return self.can(Permission.MANAGE_OWNERS if role == Role.OWNER else Permission.INVITE)

    def check_can_invite(self, role: str) -> None:
        """Raise PermissionDenied unless this member may hand out the role."""
        if not self.can_invite(role):
            raise PermissionDenied(f"This takes the right to invite somebody as {role}.")

    @transaction.atomic
    def change_role(self, role: str, *, by: "Membership") -> None:
        """Give this member another role; the one they have already changes nothing.

        Raises PermissionDenied if `by` may not do this to them or not give the role,
        PrimaryOwnerStays, DoesNotExist for somebody who is gone, ValueError for what is no role.
        """
        new = Role(role)
        actor = self._handled(by)
        if new == Role.OWNER and not actor.can(Permission.MANAGE_OWNERS):
            raise PermissionDenied("Only an owner makes owners.")
        before = self.role
        if before == new:
            return
        self.role = new
        self.save(update_fields=["role", "modified"])
        self._record(Verb.MEMBER_ROLE_CHANGED, by=actor.user, before=before, after=new)

    @transaction.atomic
    def remove(self, *, by: "Membership") -> None:
        """End this membership, and with it their places in teams; they are told by email.

        No pending invitation to another address of theirs leads them back. Raises PermissionDenied
        if `by` may not do this to them, PrimaryOwnerStays, and ObjectDoesNotExist for somebody who
        is gone.
        """
        actor = self._handled(by)
        User.objects.select_for_update(no_key=True).only("pk").get(pk=self.user_id)
        self._record(Verb.MEMBER_REMOVED, by=actor.user, role=self.role)
        emails.members_removed([self])
        Invitation.objects.leading_back([self]).revoke(by=actor.user)
        self.delete()

    @transaction.atomic
    def leave(self) -> None:
        """End the own membership; raises PrimaryOwnerStays, and DoesNotExist the second time."""
        self._lock()
        self._record(Verb.MEMBER_LEFT, by=self.user, role=self.role)
        self.delete()

    def _handled(self, by: "Membership") -> "Membership":
        """Hold the organization and return `by` as they are now, if they may manage this member."""
        self._lock()
        actor = self.organization.acting(by)
        if not actor.can_manage(self):
            raise PermissionDenied(f"This takes another role than {actor.role}, or another member.")
        return actor

    def _lock(self) -> None:
        """Hold the organization and reread this member, who must not be the primary owner."""
        self.organization.lock()
        self.refresh_from_db(fields=["role"])
        self.__dict__.pop("is_primary_owner", None)  # what was read before the lock
        if self.is_primary_owner:
            raise PrimaryOwnerStays(self)

    def _record(self, verb: Verb, *, by: User, **data: Any) -> None:
        self.organization.record(verb, by=by, subject=self.user, **data)

    @property
    def invitable_roles(self) -> list[Role]:
        """The roles this member may hand out, the least first."""
        return [role for role in reversed(Role) if self.can_invite(role)]


class Ownership(AbstractOrganizationOwner):
    """The primary owner: never missing, and always a membership with the role of owner."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.OneToOneField(Organization, models.CASCADE, related_name="owner")
    organization_user = models.OneToOneField(
        Membership, models.RESTRICT, related_name="ownership", verbose_name="membership"
    )
    role = models.CharField(max_length=20, default=Role.OWNER, editable=False)

    class Meta:
        verbose_name_plural = "ownerships"
        constraints = [
            models.CheckConstraint(condition=models.Q(role=Role.OWNER), name="ownership_role"),
        ]

    def __str__(self) -> str:
        return f"{self.organization_user.user} owns {self.organization}"

    @classmethod
    def as_obstacles(cls, rows: "models.QuerySet[Any]") -> "models.QuerySet[Any]":
        """Return ownerships that keep an account from being deleted, with what `remedies` asks."""
        members = Membership.objects.filter(organization=models.OuterRef("organization"))
        others = members.exclude(pk=models.OuterRef("organization_user"))
        return rows.annotate(has_others=models.Exists(others))

    @property
    def remedies(self) -> list[tuple[str, str]]:
        """What the primary owner can do to be free of it; see accounts/erasure.py."""
        slug = self.organization.slug
        delete = ("Delete it", reverse("orgs:organization_delete", args=[slug]))
        if not self.has_others:
            return [delete]
        return [("Hand it over", reverse("orgs:transfer_new", args=[slug])), delete]

    def get_absolute_url(self) -> str:
        return self.organization.get_absolute_url()
