"""The mail of organizations: one function per email, queued in the transaction that causes it."""

import re
from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.links import absolute
from accounts.names import is_hidden
from accounts.outbox import queue, queue_copies

if TYPE_CHECKING:
    from accounts.models import User
    from orgs.invitations import Invitation
    from orgs.models import Membership, Organization
    from orgs.transfers import Transfer


def invitation(invitation: "Invitation", token: str) -> EmailMessage:
    """Return the email with the link. The token stands nowhere else."""
    inviter, organization = plain(str(invitation.invited_by)), invitation.organization
    text = _text(
        "invitation",
        organization,
        inviter=inviter,
        role=invitation.role,
        message=plain(invitation.message),
        expires=invitation.expires,
        url=absolute(reverse("orgs:invitation_detail", args=[token])),
    )
    subject = f"{inviter} invites you to {plain(organization.name)}"
    return EmailMessage(subject, text, to=[invitation.email])


def members_removed(members: Collection["Membership"], *, by_staff: bool = False) -> None:
    """Tell these people that they are no longer members; `by_staff` of the platform."""
    addresses = defaultdict(list)
    for member in members:
        addresses[member.organization].append(member.user.email)
    queue_copies(
        (
            EmailMessage(
                f"You are no longer a member of {plain(organization.name)}",
                _text("member_removed", organization, by_staff=by_staff),
            ),
            theirs,
        )
        for organization, theirs in addresses.items()
    )


def transfer_offered(transfer: "Transfer") -> None:
    """Ask the recipient to take over."""
    organization, owner = transfer.organization, plain(str(transfer.offered_by))
    _tell(
        transfer.recipient,
        f"{owner} asks you to take over {plain(organization.name)}",
        "transfer_offered",
        organization,
        owner=owner,
        expires=transfer.expires,
        url=_page("transfer_accept", organization),
    )


def transfer_begun(transfer: "Transfer") -> None:
    """Confirm to the primary owner that they offered it, and say how to take it back."""
    organization, recipient = transfer.organization, plain(str(transfer.recipient))
    _tell(
        transfer.offered_by,
        f"You asked {recipient} to take over {plain(organization.name)}",
        "transfer_begun",
        organization,
        recipient=recipient,
        expires=transfer.expires,
        url=_page("transfer_new", organization),
    )


def transfer_revoked(organization: "Organization", owner: "User", recipient: "User") -> None:
    """Tell the recipient that there is nothing to accept any more."""
    subject = f"{plain(str(owner))} stays the primary owner of {plain(organization.name)}"
    _tell(recipient, subject, "transfer_revoked", organization, owner=plain(str(owner)))


def transfer_declined(organization: "Organization", owner: "User", recipient: "User") -> None:
    """Tell the primary owner that they stay it."""
    declined = plain(str(recipient))
    subject = f"{declined} declined to take over {plain(organization.name)}"
    url = _page("transfer_new", organization)
    _tell(owner, subject, "transfer_declined", organization, recipient=declined, url=url)


def transfer_completed(organization: "Organization", former: "User", owner: "User") -> None:
    """Tell both who is the primary owner now, and who was."""
    for person in (owner, former):
        _tell_of_owner(person, "transfer_completed", organization, former, owner)


def owner_assigned(organization: "Organization", former: "User", owner: "User") -> None:
    """Tell both that the platform made the one primary owner in the place of the other."""
    for person in (owner, former):
        _tell_of_owner(person, "owner_assigned", organization, former, owner)


def organization_deleted(organization: "Organization", by: "User | None" = None) -> None:
    """Tell all members: call it while they still are. `by` is None for the platform's staff."""
    subject = f"{plain(organization.name)} is deleted"
    text = _text("organization_deleted", organization, by=by and plain(str(by)))
    people = organization.memberships.filter(user__is_active=True)
    addresses = list(people.values_list("user__email", flat=True))
    queue_copies([(EmailMessage(subject, text), addresses)])


def plain(name: str) -> str:
    """Return what somebody called themselves, on one line, with nothing mail programs link.

    A name is the one place where a stranger's words reach an inbox under our own letterhead.
    """
    visible = "".join(" " if is_hidden(name, at) else letter for at, letter in enumerate(name))
    without_scheme = re.sub(r":?[/\\]{2,}", " ", visible)
    return " ".join(re.sub(r"(?<=\w)\.(?=\w)", "·", without_scheme).split())


def _tell_of_owner(
    person: "User", template: str, organization: "Organization", former: "User", owner: "User"
) -> None:
    subject = f"{plain(str(owner))} is the primary owner of {plain(organization.name)}"
    names = {"former": plain(str(former)), "owner": plain(str(owner))}
    url = _page("organization_detail", organization)
    _tell(person, subject, template, organization, **names, url=url)


def _tell(
    person: "User", subject: str, template: str, organization: "Organization", **context: Any
) -> None:
    message = EmailMessage(subject, _text(template, organization, **context), to=[person.email])
    queue(message, expires=context.get("expires"))


def _text(template: str, organization: "Organization", **context: Any) -> str:
    context |= {"site_name": settings.SITE_NAME, "organization": plain(organization.name)}
    return render_to_string(f"emails/{template}.txt", context)


def _page(name: str, organization: "Organization") -> str:
    return absolute(reverse(f"orgs:{name}", args=[organization.slug]))
