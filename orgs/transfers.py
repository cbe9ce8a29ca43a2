"""Handing an organization over: the primary owner offers, somebody else accepts.

Where the primary owner's account is out of use, an owner of the platform hands it over instead.
The order of locks: the organization, the person who takes over, the offer.
"""

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import User
from accounts.statements import Param, Statement
from accounts.verbs import Verb
from orgs import emails, limits
from orgs.roles import Permission, Role

if TYPE_CHECKING:
    from orgs.models import Membership, Organization


class CannotTransfer(ValidationError):
    """The text is for the person who tried."""


class TransferQuerySet(models.QuerySet["Transfer"]):
    def with_people(self) -> Self:
        """Read the recipient and the primary owner along."""
        return self.select_related(
            "membership__user", "organization__owner__organization_user__user"
        )


class Transfer(models.Model):
    """An offer of the primary ownership, one at a time; accepted, declined or revoked, it is gone.

    The database ends it, too, when the recipient leaves or becomes a plain member, and when the
    primary owner changes in another way (migrations/0005_offers_end).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.OneToOneField(
        "orgs.Organization", models.CASCADE, related_name="transfer"
    )
    membership = models.ForeignKey(
        "orgs.Membership", models.CASCADE, related_name="transfers", verbose_name="offered to"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)
    expires = models.DateTimeField()

    objects = TransferQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.organization} to {self.recipient}"

    @classmethod
    def concerning(cls, member: "Membership") -> "Transfer | None":
        """Return the offer to this member or, for the primary owner, the one they made."""
        if member.is_primary_owner:
            offers = _offer("organization")(pk=member.organization_id)
        else:
            offers = _offer("membership")(pk=member.pk)
        return next(iter(offers), None)

    @classmethod
    @transaction.atomic
    def offer(cls, to: "Membership", *, by: "Membership") -> "Transfer":
        """Return the new offer to another owner or an admin; it replaces one that has expired.

        Raises PermissionDenied unless `by` is the primary owner, and a CannotTransfer that says
        why it cannot be offered to this member now.
        """
        organization = by.organization
        owner = organization.lock_for(by, Permission.TRANSFER_OWNERSHIP)
        recipient = _member(organization, to)
        if recipient == owner or not recipient.is_admin:
            raise CannotTransfer("Choose another owner, or an admin.")
        cls._make_room(organization)
        expires = timezone.now() + timedelta(hours=settings.TRANSFER_HOURS)
        transfer = cls.objects.create(
            organization=organization, membership=recipient, expires=expires
        )
        organization.record(Verb.OWNERSHIP_OFFERED, by=owner.user, subject=recipient.user)
        emails.transfer_offered(transfer)
        emails.transfer_begun(transfer)
        return transfer

    @transaction.atomic
    def accept(self, *, by: "Membership") -> None:
        """Make the recipient the primary owner; the former one stays an owner.

        Raises DoesNotExist when the offer is gone or not theirs, LimitReached when they own as
        many organizations as one may, and a CannotTransfer that says why it no longer counts.
        """
        actor = self._lock(by)
        if self.is_expired:
            raise CannotTransfer("This offer has expired.")
        former = self.organization.owner.organization_user
        if not former.user.may_act:
            raise CannotTransfer(f"{former.user}, who made this offer, cannot sign in any more.")
        limits.check_owned(actor.user)
        _hand_over(self.organization, actor)
        self.organization.record(Verb.OWNERSHIP_TRANSFERRED, by=actor.user, subject=former.user)
        emails.transfer_completed(self.organization, former.user, actor.user)

    @transaction.atomic
    def decline(self, *, by: "Membership") -> None:
        """Turn the offer down, an expired one too.

        Raises DoesNotExist when it is gone or not theirs.
        """
        actor = self._lock(by)
        self.delete()
        owner = self.organization.owner.organization_user.user
        self.organization.record(Verb.OWNERSHIP_OFFER_DECLINED, by=actor.user, subject=owner)
        emails.transfer_declined(self.organization, owner, actor.user)

    @transaction.atomic
    def revoke(self, *, by: "Membership") -> None:
        """Take the offer back.

        Raises PermissionDenied unless `by` is the primary owner, and DoesNotExist when it is gone.
        """
        owner = self.organization.lock_for(by, Permission.TRANSFER_OWNERSHIP)
        self._reread()
        self.delete()
        recipient = self.recipient
        self.organization.record(Verb.OWNERSHIP_OFFER_REVOKED, by=owner.user, subject=recipient)
        emails.transfer_revoked(self.organization, owner.user, recipient)

    @property
    def is_expired(self) -> bool:
        return self.expires <= timezone.now()

    @property
    def recipient(self) -> User:
        return self.membership.user

    @property
    def offered_by(self) -> User:
        """The primary owner: with another one the offer would be gone."""
        return self.organization.owner.organization_user.user

    @classmethod
    def _make_room(cls, organization: "Organization") -> None:
        pending = cls.objects.filter(organization=organization).first()
        if pending and not pending.is_expired:
            raise CannotTransfer(f"It is offered to {pending.recipient}. Take that back first.")
        if pending:
            pending.delete()

    def _lock(self, by: "Membership") -> "Membership":
        """Hold all that an answer changes; return who answers, as they are now."""
        self.organization.lock()
        actor = self.organization.acting(by)
        if actor.pk != self.membership_id:
            raise Transfer.DoesNotExist
        limits.hold(actor.user)
        self._reread()
        return actor

    def _reread(self) -> None:
        """Hold the offer; raises DoesNotExist if it was answered or taken back meanwhile."""
        organization = self.organization
        self.refresh_from_db(from_queryset=Transfer.objects.select_for_update(no_key=True))
        self.organization = organization


@transaction.atomic
def assign(to: "Membership", *, by: User, reason: str) -> None:
    """Make this member the primary owner in the place of somebody whose account is out of use.

    Whether it is, an owner of the platform decides, and so may exceed how many organizations one
    may own. Raises PermissionDenied unless `by` is one, CannotTransfer for a member who cannot.
    """
    organization = to.organization
    organization.lock()
    actor = User.objects.select_for_update(no_key=True).get(pk=by.pk)
    if not (actor.may_act and actor.is_superuser):
        raise PermissionDenied("Only an owner of the platform can do this.")
    former = organization.owner.organization_user
    member = _member(organization, to)
    if member == former:
        raise CannotTransfer(f"{member.user} is the primary owner.")
    _hand_over(organization, member)
    organization.record(
        Verb.OWNER_ASSIGNED, by=actor, subject=member.user, personal={"reason": reason}
    )
    emails.owner_assigned(organization, former.user, member.user)


@cache
def _offer(of: str) -> Statement[Transfer]:
    """Return the statement for the offer of which this field is `pk`."""
    return Statement(
        lambda: Transfer.objects.with_people().filter(**{of: Param("pk", models.UUIDField())})
    )


def _member(organization: "Organization", member: "Membership") -> "Membership":
    """Return the member as they are now, held, so that nobody erases them meanwhile."""
    members = organization.memberships.select_related("user")
    held = members.select_for_update(of=("user",), no_key=True)
    now = held.filter(pk=member.pk).first()
    if now is None:
        raise CannotTransfer("They are no longer a member. Choose somebody else.")
    if not now.user.may_act:
        raise CannotTransfer(f"{now.user} cannot sign in at the moment. Choose somebody else.")
    return now


def _hand_over(organization: "Organization", to: "Membership") -> None:
    """Make this member the primary owner. The database ends an offer that there is."""
    to.role = Role.OWNER
    to.save(update_fields=["role", "modified"])
    organization.change_owner(to)
