"""How an invitation stands, and why one cannot be sent or accepted. The verbs are on the models."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models.functions import Now

if TYPE_CHECKING:
    from orgs.models import Invitation


class InvitationStatus(models.TextChoices):
    SENT = "sent"
    UNDELIVERED = "undelivered", "Not delivered"
    EXPIRED = "expired"
    ACCEPTED = "accepted"
    REVOKED = "revoked"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def pending(self) -> Self:
        """Those nobody accepted or revoked, expired ones too."""
        return self.filter(accepted=None, revoked=None)

    def with_status(self) -> Self:
        """Annotate `status`, one of InvitationStatus."""
        return self.annotate(
            status=models.Case(
                models.When(accepted__isnull=False, then=models.Value(InvitationStatus.ACCEPTED)),
                models.When(revoked__isnull=False, then=models.Value(InvitationStatus.REVOKED)),
                models.When(expires__lte=Now(), then=models.Value(InvitationStatus.EXPIRED)),
                models.When(sent=None, then=models.Value(InvitationStatus.UNDELIVERED)),
                default=models.Value(InvitationStatus.SENT),
                output_field=models.CharField(),
            )
        )


class Obstacle(models.TextChoices):
    """Why somebody cannot accept an invitation; templates/orgs/invitation_closed.html says it."""

    ACCEPTED = "accepted", "it was used already"
    REVOKED = "revoked", "it was revoked"
    EXPIRED = "expired", "it expired"
    WITHDRAWN = "withdrawn", "whoever sent it may no longer invite"
    UNVERIFIED = "unverified", "their address is not confirmed"
    OTHER_ADDRESS = "other_address", "it went to another address"


class CannotInvite(Exception):
    """The text is for the person who tried."""


class AlreadyMember(CannotInvite):
    def __init__(self) -> None:
        super().__init__("This person is already a member.")


class AlreadyInvited(CannotInvite):
    def __init__(self, invitation: "Invitation") -> None:
        super().__init__("This address already has a pending invitation.")
        self.invitation = invitation


class InvitationClosed(CannotInvite):
    def __init__(self) -> None:
        super().__init__("This invitation was accepted or revoked in the meantime.")


class CannotAccept(Exception):
    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.label)
        self.obstacle = obstacle
