"""Whose: organizations, their people, their owner and their invitations.

The four models are django-organizations' abstract ones; the library ties them together because
they stand in one module. What the database itself guarantees: migrations/0002_owner_always_exists.
"""

import hashlib
import secrets
from datetime import timedelta
from functools import partial
from typing import Any, Self

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Lower, Now
from django.urls import reverse
from django.utils import timezone
from organizations.abstract import (
    AbstractOrganization,
    AbstractOrganizationOwner,
    AbstractOrganizationUser,
)
from organizations.base import OrganizationInvitationBase
from organizations.signals import invitation_accepted, user_added
from organizations.utils import create_organization
from uuid_utils.compat import uuid7

from accounts.events import Event
from accounts.models import User
from accounts.names import validate_name
from accounts.verbs import Verb
from orgs import emails
from orgs.invitations import (
    AlreadyInvited,
    AlreadyMember,
    CannotAccept,
    InvitationClosed,
    InvitationQuerySet,
    Obstacle,
)
from orgs.roles import PERMISSIONS, Permission, Role
from orgs.slugs import first_free, suggest_slugs, validate_slug


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

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def create(cls, *, name: str, slug: str, by: User) -> Self:
        """Return a new organization with `by` as its primary owner.

        Raises IntegrityError when the slug is taken, also by somebody a moment ago.
        """
        with transaction.atomic():
            organization = create_organization(
                by, name, slug, model=cls, org_user_defaults={"role": Role.OWNER}
            )
            organization.record(Verb.ORGANIZATION_CREATED, by=by, subject=organization)
            return organization

    @classmethod
    def free_slug(cls, name: str) -> str:
        """Return a slug for the name that nobody has at this moment."""
        slugs = suggest_slugs(name)
        taken = cls.objects.filter(slug__in=slugs).values_list("slug", flat=True)
        return first_free(slugs, set(taken))

    def get_absolute_url(self) -> str:
        return reverse("orgs:organization_detail", args=[self.slug])

    def has_member(self, user: User | AnonymousUser) -> bool:
        """Whether this person, or visitor, is a member."""
        return user.is_authenticated and self.memberships.filter(user=user).exists()

    @transaction.atomic
    def add_user(
        self, user: User, role: Role = Role.MEMBER, *, by: User | None = None
    ) -> "Membership":
        """Return the new membership; raises IntegrityError for somebody who has one.

        `by` is who adds them, None for a command.
        """
        membership = self._admit(user, role)
        self.record(Verb.MEMBER_ADDED, by=by, subject=user, role=role)
        return membership

    def invite(self, email: str, role: Role, *, by: "Membership") -> "Invitation":
        """Return the invitation whose link is now on its way to the address.

        An invitation of this address that expired is renewed. Whether the address has an account
        makes no difference. Raises PermissionDenied, or a CannotInvite that says why.
        """
        email = User.objects.normalize_email(email)
        if by.organization_id != self.pk or not by.can_invite(role):
            raise PermissionDenied(f"This takes the right to invite {role.label.lower()}s.")
        if self.memberships.filter(user__email=email).exists():
            raise AlreadyMember
        try:
            invitation = Invitation(organization=self, email=email, role=role)
            invitation._issue(by, Verb.INVITED)
        except IntegrityError:
            invitation = self.invitations.pending().filter(email=email).first()
            if invitation is None:
                raise InvitationClosed from None
            if not invitation.is_expired:
                raise AlreadyInvited(invitation) from None
            invitation.renew(by=by, role=role)
        return invitation

    def record(self, verb: Verb, *, by: User | None, subject: models.Model, **data: Any) -> None:
        """Write an event of this organization into the audit trail."""
        Event.record(verb, by=by, subject=subject, organization_id=self.pk, **data)

    def _admit(self, user: User, role: Role) -> "Membership":
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

    class Meta:
        ordering = ["-id"]
        unique_together = [("user", "organization")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role"
            ),
            # What Ownership's composite foreign key points at.
            models.UniqueConstraint(
                fields=["id", "organization", "role"], name="membership_id_organization_role"
            ),
        ]
        indexes = [models.Index(fields=["organization", "id"], name="membership_list")]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}"

    def clean(self) -> None:
        super().clean()
        if self.role != Role.OWNER and Ownership.objects.filter(organization_user=self.pk).exists():
            raise ValidationError(
                {"role": "The primary owner keeps the role of owner until somebody else has it."}
            )

    @property
    def permissions(self) -> frozenset[Permission]:
        return PERMISSIONS[Role(self.role)]

    def can(self, permission: Permission) -> bool:
        """Whether this member's role has the permission."""
        return permission in self.permissions

    def can_invite(self, role: str) -> bool:
        """Whether this member may hand out the role, and resend or revoke an invitation to it."""
        return self.can(Permission.INVITE_OWNER if role == Role.OWNER else Permission.INVITE)

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

    def get_absolute_url(self) -> str:
        return self.organization.get_absolute_url()


class Invitation(OrganizationInvitationBase):
    """A seat kept for one email address. The token is only ever in the mail; here is its hash."""

    guid = None
    invitee_identifier = None

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=20, choices=Role, default=Role.MEMBER)
    invited_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="invitations_sent"
    )
    invitee = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="invitations_accepted"
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created = models.DateTimeField(db_default=Now(), editable=False)
    expires = models.DateTimeField()
    sent = models.DateTimeField(null=True, blank=True, editable=False)
    accepted = models.DateTimeField(null=True, blank=True, editable=False)
    revoked = models.DateTimeField(null=True, blank=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="invitation_role"
            ),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="invitation_email_lower"
            ),
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=models.Q(accepted=None, revoked=None),
                name="invitation_one_pending",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted=None) | models.Q(revoked=None),
                name="invitation_accepted_or_revoked",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "id"],
                condition=models.Q(accepted=None, revoked=None),
                name="invitation_list",
            ),
            models.Index(fields=["email"], name="invitation_email"),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.organization}"

    @classmethod
    def find(cls, token: str) -> Self:
        """Return the invitation of this link; raises DoesNotExist, for a link renewed since too."""
        return cls.objects.select_related("organization", "invited_by").get(token_hash=_hash(token))

    @property
    def is_expired(self) -> bool:
        return self.expires <= timezone.now()

    def obstacle(self, user: User | AnonymousUser) -> Obstacle | None:
        """Return what keeps this person from accepting, or None. A visitor's address is unknown."""
        if self.accepted:
            return Obstacle.ACCEPTED
        if self.revoked:
            return Obstacle.REVOKED
        if self.is_expired:
            return Obstacle.EXPIRED
        if not self._inviter_may():
            return Obstacle.WITHDRAWN
        if not user.is_authenticated:
            return None
        return self._address_obstacle(user)

    @transaction.atomic
    def accept(self, *, by: User) -> Membership:
        """Make the person a member in the invitation's role and return the membership.

        Somebody who is a member already stays as they are. Raises CannotAccept, and DoesNotExist
        when the organization was deleted. The lock on the organization keeps it from going away,
        and from being joined by the same person through another invitation, at the same time.
        """
        self._lock("organization")
        membership = self.organization.memberships.filter(user=by).first()
        if membership:
            return membership
        if obstacle := self.obstacle(by):
            raise CannotAccept(obstacle)
        membership = self.organization._admit(by, Role(self.role))
        self.accepted, self.invitee = timezone.now(), by
        self.save(update_fields=["accepted", "invitee"])
        self._record(Verb.INVITATION_ACCEPTED, by)
        invitation_accepted.send(sender=self, user=by)
        return membership

    @transaction.atomic
    def renew(self, *, by: Membership, role: Role | None = None) -> None:
        """Send a new link, for another role if one is given; the old link is dead from now on.

        Raises PermissionDenied, and InvitationClosed for one that was accepted or revoked.
        """
        self._lock_pending()
        self.role = role or self.role
        self._check_right(by)
        self._issue(by, Verb.INVITED_AGAIN)

    @transaction.atomic
    def revoke(self, *, by: Membership) -> None:
        """Take the invitation back.

        Raises PermissionDenied, and InvitationClosed for one that was accepted or revoked.
        """
        self._lock_pending()
        self._check_right(by)
        self.revoked = timezone.now()
        self.save(update_fields=["revoked"])
        self._record(Verb.INVITATION_REVOKED, by.user)

    def _issue(self, by: Membership, verb: Verb) -> None:
        """Save with a new token, which leaves this function only in the mail, after the commit."""
        token = secrets.token_urlsafe(32)
        self.token_hash = _hash(token)
        self.expires = timezone.now() + timedelta(hours=settings.INVITATION_HOURS)
        self.invited_by = by.user
        self.sent = None
        with transaction.atomic():
            self.save()
            self._record(verb, by.user)
            transaction.on_commit(partial(self._deliver, token))

    def _record(self, verb: Verb, by: User) -> None:
        self.organization.record(verb, by=by, subject=self, label=self.email, role=self.role)

    def _deliver(self, token: str) -> None:
        if emails.invitation(self, token):
            sent = timezone.now()
            # If it was renewed meanwhile, another mail counts.
            mine = Invitation.objects.filter(pk=self.pk, token_hash=self.token_hash)
            if mine.update(sent=sent):
                self.sent = sent

    def _check_right(self, by: Membership) -> None:
        if by.organization_id != self.organization_id or not by.can_invite(self.role):
            raise PermissionDenied(f"This takes the right to invite {self.role}s.")

    def _lock_pending(self) -> None:
        self._lock()
        if self.accepted or self.revoked:
            raise InvitationClosed

    def _lock(self, *others: str) -> None:
        """Lock and reread this row, with its organization; `others` are related rows to lock."""
        self.refresh_from_db(
            from_queryset=Invitation.objects.select_related("organization").select_for_update(
                of=("self", *others), no_key=True
            )
        )

    def _inviter_may(self) -> bool:
        inviter = Membership.objects.filter(
            organization=self.organization_id,
            organization__is_active=True,
            user=self.invited_by_id,
            user__is_active=True,
        ).first()
        return inviter is not None and inviter.can_invite(self.role)

    def _address_obstacle(self, user: User) -> Obstacle | None:
        address = EmailAddress.objects.filter(user=user, email=self.email).first()
        if address is None:
            return Obstacle.OTHER_ADDRESS
        return None if address.verified else Obstacle.UNVERIFIED


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
