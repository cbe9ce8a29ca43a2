"""Whose: organizations, their people, their owner and their invitations.

The four models are django-organizations' abstract ones; the library ties them together because
they stand in one module. What the database itself guarantees: migrations/0002_owner_always_exists.
"""

from typing import Self

from django.db import models, transaction
from django.db.models.functions import Lower, Now
from django.urls import reverse
from organizations.abstract import (
    AbstractOrganization,
    AbstractOrganizationOwner,
    AbstractOrganizationUser,
)
from organizations.base import OrganizationInvitationBase
from organizations.utils import create_organization
from uuid_utils.compat import uuid7

from accounts.models import User
from orgs.roles import PERMISSIONS, Permission, Role
from orgs.slugs import validate_slug


class Organization(AbstractOrganization):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    slug = models.SlugField("web address", max_length=50, unique=True, validators=[validate_slug])

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
            return create_organization(
                by, name, slug, model=cls, org_user_defaults={"role": Role.OWNER}
            )

    def get_absolute_url(self) -> str:
        return reverse("orgs:organization_detail", args=[self.slug])

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

    def can(self, permission: Permission) -> bool:
        """Whether this member's role has the permission."""
        return permission in PERMISSIONS[Role(self.role)]


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


class Invitation(OrganizationInvitationBase):
    """A seat kept for one email address. The token is only ever in the mail; here is its hash."""

    guid = None
    invitee_identifier = None

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization,
        models.CASCADE,
        related_name="invitations",
        db_index=False,  # invitation_list begins with it
    )
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
        ]
        indexes = [models.Index(fields=["organization", "-id"], name="invitation_list")]

    def __str__(self) -> str:
        return f"{self.email} to {self.organization}"
