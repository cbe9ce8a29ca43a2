"""Invitations: a seat kept for an email address, how it stands, and why one cannot be taken."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Self
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models.functions import Lower, Now
from django.utils import timezone
from organizations.base import OrganizationInvitationBase
from organizations.signals import invitation_accepted
from uuid_utils.compat import uuid7

from accounts.models import Event, Mail, User
from accounts.outbox import queue_all
from accounts.statements import Param
from accounts.verbs import Verb
from orgs import emails
from orgs.limits import is_full
from orgs.mail_limits import too_many
from orgs.refusals import InvitationClosed
from orgs.roles import Role
from orgs.teams import Team, TeamMembership

if TYPE_CHECKING:
    from orgs.models import Membership

MESSAGE_LENGTH = 280  # characters
ISSUED = ["role", "message", "invited_by", "mail", "token_hash", "expires"]  # what a new link sets


class InvitationStatus(models.TextChoices):
    """What is stored. A pending one is shown by its time, and by what became of its email."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REVOKED = "revoked"


# How a pending one is shown.
EXPIRED, UNSENT, UNDELIVERED = "expired", "unsent", "undelivered"
STATES = [
    *InvitationStatus.choices,
    (EXPIRED, "Expired"),
    (UNSENT, "On its way"),
    (UNDELIVERED, "Not delivered"),
]


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def pending(self) -> Self:
        """Those that nobody answered or revoked, expired ones too."""
        return self.filter(status=InvitationStatus.PENDING)

    def closed(self) -> Self:
        """Those that were answered or revoked."""
        return self.exclude(status=InvitationStatus.PENDING)

    def to(self, user: User | UUID | Param) -> Self:
        """Those that went to an address which this person has confirmed, however they stand."""
        confirmed = EmailAddress.objects.filter(user=user, verified=True)
        return self.filter(email__in=confirmed.values("email"))

    def leading_back(self, members: Collection["Membership"]) -> Self:
        """Those to these members' organizations that went to addresses they have confirmed."""
        confirmed = EmailAddress.objects.filter(
            verified=True,
            email=models.OuterRef("email"),
            user__memberships__organization=models.OuterRef("organization"),
            user__memberships__in=[member.pk for member in members],
        )
        return self.filter(models.Exists(confirmed))

    def for_person(self, user: UUID | Param) -> Self:
        """Those that wait for this person's answer: not expired, the inviter still there."""
        from orgs.models import Membership  # which needs this module

        waiting = (
            self.to(user)
            .pending()
            .filter(
                expires__gt=Now(),
                organization__is_active=True,
                organization__membership__user=models.F("invited_by"),
            )
        )
        memberships = Membership.objects.filter(user=user)
        return waiting.exclude(organization__in=memberships.values("organization"))

    def revoke(self, *, by: User) -> None:
        """Take those back that are pending, and their emails, in as many statements as one.

        Call it while their organizations and the people whom they went to are held.
        """
        revoked = list(self.pending().select_for_update(no_key=True))
        _withdraw(revoked)
        rows = self.model.objects.filter(pk__in=[invitation.pk for invitation in revoked])
        rows.update(status=InvitationStatus.REVOKED, closed=Now())
        told = (
            {
                "subject": invitation,
                "label": invitation.email,
                "organization_id": invitation.organization_id,
                "role": invitation.role,
            }
            for invitation in revoked
        )
        Event.record_each(Verb.INVITATION_REVOKED, by=by, told=told)

    def with_state(self) -> Self:
        """Annotate `state`, one of STATES."""
        is_closed = ~models.Q(status=InvitationStatus.PENDING)
        return self.annotate(
            state=models.Case(
                models.When(is_closed, then=models.F("status")),
                models.When(expires__lte=Now(), then=models.Value(EXPIRED)),
                models.When(mail__given_up__isnull=False, then=models.Value(UNDELIVERED)),
                models.When(mail__next_try__isnull=False, then=models.Value(UNSENT)),
                default=models.F("status"),
                output_field=models.CharField(),
            )
        )


class Obstacle(models.TextChoices):
    """Why somebody cannot answer an invitation; templates/orgs/invitation_closed.html says it."""

    ACCEPTED = "accepted", "it was used already"
    DECLINED = "declined", "it was declined"
    REVOKED = "revoked", "it was revoked"
    EXPIRED = "expired", "it expired"
    WITHDRAWN = "withdrawn", "whoever sent it may no longer invite"
    FULL = "full", "no seat is free"
    UNVERIFIED = "unverified", "their address is not confirmed"
    OTHER_ADDRESS = "other_address", "it went to another address"


class CannotAnswer(Exception):
    """Somebody can neither accept an invitation nor, mostly, decline it."""

    def __init__(self, invitation: "Invitation", obstacle: Obstacle) -> None:
        super().__init__(obstacle.label)
        self.invitation, self.obstacle = invitation, obstacle


class Invitation(OrganizationInvitationBase):
    """A seat kept for one email address. The token is only ever in the mail; here is its hash."""

    guid = None
    invitee_identifier = None

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        "orgs.Organization", models.CASCADE, related_name="invitations"
    )
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=20, choices=Role, default=Role.MEMBER)
    teams = models.ManyToManyField(Team, related_name="+", blank=True)
    message = models.CharField("personal line", max_length=MESSAGE_LENGTH, blank=True)
    status = models.CharField(
        max_length=20,
        choices=InvitationStatus,
        default=InvitationStatus.PENDING,
        editable=False,
    )
    invited_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="invitations_sent"
    )
    invitee = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="invitations_accepted"
    )
    # The database empties it once the email is deleted: 0003_invitations_go_with_people.
    mail = models.ForeignKey(
        Mail, models.DO_NOTHING, null=True, editable=False, related_name="+", db_constraint=False
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created = models.DateTimeField(db_default=Now(), editable=False)
    expires = models.DateTimeField()
    closed = models.DateTimeField(null=True, blank=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    full_teams: list[str] = []  # those that had no room for who just accepted

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
                condition=models.Q(status=InvitationStatus.PENDING),
                name="invitation_one_pending",
            ),
            models.CheckConstraint(
                condition=models.Q(status=InvitationStatus.PENDING, closed=None)
                | models.Q(
                    status__in=[
                        InvitationStatus.ACCEPTED,
                        InvitationStatus.DECLINED,
                        InvitationStatus.REVOKED,
                    ],
                    closed__isnull=False,
                ),
                name="invitation_status",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "id"],
                condition=models.Q(status=InvitationStatus.PENDING),
                name="invitation_list",
            ),
            models.Index(
                fields=["organization", "id"],
                condition=~models.Q(status=InvitationStatus.PENDING),
                name="invitation_record",
            ),
            models.Index(fields=["email"], name="invitation_email"),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.organization}"

    @classmethod
    def find(cls, token: str) -> Self:
        """Return the invitation of this link; raises DoesNotExist, for a link renewed since too."""
        return cls.objects.select_related("organization", "invited_by").get(token_hash=_hash(token))

    @classmethod
    def issue(cls, invitations: Collection["Invitation"], *, by: "Membership") -> None:
        """Save new ones and old ones, each with a link that is new and alone works from now on.

        However many these are, it takes as many statements, or one more if there are old and new
        ones. Call it under the lock on their organization, for invitations to one role. A token
        leaves this function only in its email.
        """
        again = [invitation for invitation in invitations if not invitation.is_new]
        new = [invitation for invitation in invitations if invitation.is_new]
        _withdraw(again)
        tokens = [invitation._renew(by.user) for invitation in invitations]
        until = max((invitation.expires for invitation in invitations), default=None)
        mails = queue_all(map(emails.invitation, invitations, tokens), expires=until)
        for invitation, mail in zip(invitations, mails, strict=True):
            invitation.mail = mail
        cls.objects.bulk_create(
            invitations, update_conflicts=True, unique_fields=["id"], update_fields=ISSUED
        )
        for verb, subjects in ((Verb.INVITED, new), (Verb.INVITED_AGAIN, again)):
            if subjects:
                Event.record_all(
                    verb,
                    by=by.user,
                    subjects={invitation: invitation.email for invitation in subjects},
                    organization_id=by.organization_id,
                    role=subjects[0].role,
                )

    @property
    def is_new(self) -> bool:
        """Whether it was not saved yet."""
        return self._state.adding

    @property
    def is_expired(self) -> bool:
        return self.expires <= timezone.now()

    def obstacle(self, user: User | AnonymousUser) -> Obstacle | None:
        """Return what keeps this person from accepting, or None. A visitor's address is unknown."""
        if self.status != InvitationStatus.PENDING:
            return Obstacle(self.status)
        if self.is_expired:
            return Obstacle.EXPIRED
        if not self._inviter_may():
            return Obstacle.WITHDRAWN
        if user.is_authenticated and (refusal := self._address_obstacle(user)):
            return refusal
        return Obstacle.FULL if is_full(self.organization) else None

    @transaction.atomic
    def accept(self, *, by: User) -> "Membership":
        """Make the person a member in the invitation's role and return the membership.

        They join its teams, too, as far as those are still there and not full. Somebody who is a
        member already stays as they are. Raises CannotAnswer, PermissionDenied for somebody who was
        banned, and ObjectDoesNotExist when the organization, the invitation or the person was
        deleted meanwhile.
        """
        self._lock(by)
        membership = self.organization.memberships.filter(user=by).first()
        if membership:
            return membership
        if obstacle := self.obstacle(by):
            raise CannotAnswer(self, obstacle)
        membership = self.organization._admit(by, Role(self.role))
        teams = self._join_teams(membership)
        self.invitee = by
        self._close(InvitationStatus.ACCEPTED, Verb.INVITATION_ACCEPTED, by, teams=teams)
        invitation_accepted.send(sender=self, user=by)
        return membership

    @transaction.atomic
    def decline(self, *, by: User | None) -> None:
        """Turn the invitation down, also an expired one; `by` is None for a visitor with the link.

        Raises CannotAnswer: it was answered or revoked, or went to an address that is not theirs.
        """
        self._lock(by)
        if self.status != InvitationStatus.PENDING:
            raise CannotAnswer(self, Obstacle(self.status))
        if by and self._address_obstacle(by) == Obstacle.OTHER_ADDRESS:
            raise CannotAnswer(self, Obstacle.OTHER_ADDRESS)
        self._close(InvitationStatus.DECLINED, Verb.INVITATION_DECLINED, by)

    @transaction.atomic
    def renew(self, *, by: "Membership") -> None:
        """Send a new link, which works as long as one that is new; the old link is dead.

        Raises PermissionDenied, InvitationClosed for one that was answered or revoked, and
        TooManyMails.
        """
        by = self._lock_pending(by)
        if refusals := too_many([self.email], known=[self.email], by=by):
            raise refusals[self.email]
        Invitation.issue([self], by=by)

    @transaction.atomic
    def revoke(self, *, by: "Membership") -> None:
        """Take the invitation back, and its email, too, if that waits for the mail server.

        Raises PermissionDenied, and InvitationClosed for one that was answered or revoked.
        """
        by = self._lock_pending(by)
        _withdraw([self])
        self._close(InvitationStatus.REVOKED, Verb.INVITATION_REVOKED, by.user)

    def _renew(self, by: User) -> str:
        """Return the token of the link that works from now on."""
        token = secrets.token_urlsafe(32)
        self.token_hash = _hash(token)
        self.expires = timezone.now() + timedelta(hours=settings.INVITATION_HOURS)
        self.invited_by = by
        return token

    def _join_teams(self, membership: "Membership") -> list[str]:
        """Add the new member to the teams, a full one apart; return the ids of those they join."""
        teams = self.teams.annotate(people=models.Count("team_memberships")).order_by("name")
        joined = [team for team in teams if team.people < settings.MAX_TEAM_MEMBERS]
        TeamMembership.objects.bulk_create(
            TeamMembership(team=team, membership=membership, organization=self.organization)
            for team in joined
        )
        self.full_teams = [team.name for team in teams if team not in joined]
        return [str(team.pk) for team in joined]

    def _close(
        self, status: InvitationStatus, verb: Verb, by: User | None, **data: list[str]
    ) -> None:
        self.status, self.closed = status, timezone.now()
        self.save(update_fields=["status", "closed", "invitee"])
        told = {"label": self.email, "role": self.role, **data}
        self.organization.record(verb, by=by, subject=self, **told)

    def _lock_pending(self, by: "Membership") -> "Membership":
        """Lock it as it waits for an answer; return who acts, as they are now, if they may."""
        self._lock(by.user)
        if self.status != InvitationStatus.PENDING:
            raise InvitationClosed(self.status)
        by = self.organization.acting(by)
        by.check_can_invite(self.role)
        return by

    def _lock(self, by: User | None) -> None:
        """Lock, and reread, the organization, the people it is about, then this row, as everybody.

        The people are who acts and who has the address: deleting one deletes the invitations to
        it, and their emails. Raises DoesNotExist if one of the three is gone, and PermissionDenied
        for who may not act any more.
        """
        self.organization.lock()
        people = User.objects.filter(models.Q(pk=by and by.pk) | models.Q(email=self.email))
        locked = people.order_by("pk").select_for_update(no_key=True)
        held = {person.pk: person for person in locked}
        if by and by.pk not in held:
            raise User.DoesNotExist
        if by and not held[by.pk].may_act:
            raise PermissionDenied("This account is closed.")
        self.refresh_from_db(
            from_queryset=Invitation.objects.select_related("organization").select_for_update(
                of=("self",), no_key=True
            )
        )

    def _inviter_may(self) -> bool:
        """Whether who sent it is still there, and may still give this role."""
        inviters = self.organization.memberships.select_related("user")
        inviter = inviters.filter(user=self.invited_by_id, organization__is_active=True).first()
        return inviter is not None and inviter.user.may_act and inviter.can_invite(self.role)

    def _address_obstacle(self, user: User) -> Obstacle | None:
        address = EmailAddress.objects.filter(user=user, email=self.email).first()
        if address is None:
            return Obstacle.OTHER_ADDRESS
        return None if address.verified else Obstacle.UNVERIFIED


def _withdraw(invitations: Collection[Invitation]) -> None:
    """Do not send the emails that still wait: their links are dead."""
    if invitations:
        mails = [invitation.mail_id for invitation in invitations]
        Mail.objects.filter(pk__in=mails, delivered=None).delete()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
