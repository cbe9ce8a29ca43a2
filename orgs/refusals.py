"""Why somebody cannot be invited, or not at this moment: each text is for the person who tried."""

from typing import TYPE_CHECKING

from accounts import limits

if TYPE_CHECKING:
    from orgs.invitations import Invitation


class CannotInvite(Exception):
    outcome = ""  # in a word or two, for a list
    text = ""  # in a sentence
    wait = 0  # seconds until it may be tried again, where waiting helps

    def __str__(self) -> str:
        return self.text


class NotAnAddress(CannotInvite):
    outcome = "Invalid"
    text = "This is not an email address that mail can be sent to."


class AlreadyMember(CannotInvite):
    outcome = "Already a member"
    text = "This person is already a member."


class AlreadyInvited(CannotInvite):
    outcome = "Already invited"
    text = "This address already has a pending invitation."

    def __init__(self, invitation: "Invitation") -> None:
        self.invitation = invitation


class InvitedAsOwner(CannotInvite):
    outcome = "Already invited"
    text = "This address was invited as an owner. Only an owner can change that."


class TooManyInvitations(CannotInvite):
    outcome = "Limit reached"

    def __init__(self, limit: int) -> None:
        self.text = (
            f"There can be at most {limit} pending invitations, expired ones among them. "
            "Revoke those that nobody will use."
        )


class TooManyMails(CannotInvite):
    outcome = "Limit reached"

    def __init__(self, reason: str, wait: int) -> None:
        self.text = f"{reason} Try again {limits.when(wait)}."
        self.wait = wait


class InvitationClosed(CannotInvite):
    outcome = "Closed"

    def __init__(self, status: str) -> None:
        self.text = f"This invitation was {status} in the meantime. Nothing was changed."
