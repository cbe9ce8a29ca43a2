"""Inviting up to fifty people at once: an answer for each address, in as many statements as one."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from orgs.invitations import Invitation, InvitationStatus
from orgs.mail_limits import too_many
from orgs.refusals import (
    AlreadyInvited,
    AlreadyMember,
    CannotInvite,
    InvitedAsOwner,
    TooManyInvitations,
)
from orgs.roles import Role

if TYPE_CHECKING:
    from orgs.models import Membership, Organization

Answer = Invitation | CannotInvite


@transaction.atomic
def invite_all(
    organization: "Organization",
    emails: Iterable[str],
    role: Role,
    *,
    by: "Membership",
    teams: Collection[UUID],
    message: str,
) -> dict[str, Answer]:
    """What Organization.invite_all does.

    Everything that changes an organization's invitations or members holds the organization's row,
    so what is read here stays true until the commit.
    """
    organization.lock()
    by = organization.acting(by)
    by.check_can_invite(role)
    emails = list(dict.fromkeys(emails))
    latest = _latest(organization, emails)
    answers = _first_answers(organization, emails, latest, by)
    answers |= _beyond_pending(organization, _wanted(answers))
    still = [invitation.email for invitation in _wanted(answers)]
    answers |= too_many(still, known=latest, by=by)
    invitations = _wanted(answers)
    renewed = [invitation for invitation in invitations if not invitation.is_new]
    for invitation in invitations:
        invitation.role, invitation.message = role, message
    Invitation.issue(invitations, by=by)
    _put_in_teams(invitations, renewed, organization, teams)
    return answers


def _latest(organization: "Organization", emails: list[str]) -> dict[str, Invitation]:
    """Return the invitation of each address: the pending one, or else the last that was closed."""
    invitations = organization.invitations.filter(email__in=emails)
    last = invitations.order_by("email", F("closed").desc(nulls_first=True)).distinct("email")
    return {invitation.email: invitation for invitation in last}


def _first_answers(
    organization: "Organization",
    emails: list[str],
    latest: dict[str, Invitation],
    by: "Membership",
) -> dict[str, Answer]:
    """Return an invitation, new or expired, for each address that can have one.

    Members are known by the address that the list of members shows. That another one is theirs,
    too, is nobody's business: their invitation goes out, and leads them where they are already.
    """
    of_members = organization.memberships.filter(user__email__in=emails)
    members = set(of_members.values_list("user__email", flat=True))
    answers: dict[str, Answer] = {}
    for email in emails:
        invitation = latest.get(email)
        if email in members:
            answers[email] = AlreadyMember()
        elif invitation is None or invitation.status != InvitationStatus.PENDING:
            answers[email] = Invitation(organization=organization, email=email)
        elif not invitation.is_expired:
            answers[email] = AlreadyInvited(invitation)
        else:
            answers[email] = invitation if by.can_invite(invitation.role) else InvitedAsOwner()
    return answers


def _wanted(answers: dict[str, Answer]) -> list[Invitation]:
    return [answer for answer in answers.values() if isinstance(answer, Invitation)]


def _beyond_pending(
    organization: "Organization", invitations: list[Invitation]
) -> dict[str, Answer]:
    """Refuse the new ones that are too many beside those that wait."""
    new = [invitation for invitation in invitations if invitation.is_new]
    if not new:
        return {}
    limit = settings.MAX_INVITATIONS
    left = limit - organization.invitations.pending()[:limit].count()
    return {invitation.email: TooManyInvitations(limit) for invitation in new[left:]}


def _put_in_teams(
    invitations: list[Invitation],
    renewed: list[Invitation],
    organization: "Organization",
    teams: Collection[UUID],
) -> None:
    """Let each lead into the teams, as far as these are still there, and into no others."""
    through = Invitation.teams.through
    if renewed:
        through.objects.filter(invitation__in=renewed).delete()
    if teams and invitations:
        chosen = organization.teams.filter(pk__in=teams).select_for_update(no_key=True)
        through.objects.bulk_create(
            through(invitation=invitation, team=team)
            for invitation in invitations
            for team in chosen
        )
