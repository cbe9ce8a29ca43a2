"""The links in the waitlist's emails, signed: nobody can make one for somebody else's address.

They name the address, not the row: a link to leave works as long as there is mail, also for who
was erased and is on the list again.
"""

from datetime import datetime

from django.core import signing
from django.core.signing import BadSignature, SignatureExpired
from django.urls import reverse

from accounts.links import absolute

__all__ = ["BadSignature", "SignatureExpired", "confirm_url", "leave_url", "to_confirm", "to_leave"]

CONFIRM, LEAVE = "waitlist.confirm", "waitlist.leave"  # a link of one kind is none of the other
CONFIRM_SECONDS = 7 * 24 * 60 * 60


def confirm_url(email: str, unsubscribed: datetime | None) -> str:
    """Return the link that confirms the address, and takes back that it was unsubscribed then."""
    left = unsubscribed and unsubscribed.isoformat()
    token = signing.dumps([email, left], salt=CONFIRM)
    return absolute(reverse("waitlist:confirm", args=[token]))


def to_confirm(token: str) -> tuple[str, datetime | None]:
    """Return the address that a link confirms, and the unsubscribing that it takes back.

    Raises SignatureExpired for one older than a week, and BadSignature for one that is not ours.
    """
    email, left = signing.loads(token, salt=CONFIRM, max_age=CONFIRM_SECONDS)
    return email, left and datetime.fromisoformat(left)


def leave_url(email: str) -> str:
    """Return the link with which somebody leaves the list; it never expires."""
    return absolute(reverse("waitlist:leave", args=[signing.dumps(email, salt=LEAVE)]))


def to_leave(token: str) -> str:
    """Return the address that a link is about; raises BadSignature for one that is not ours."""
    email: str = signing.loads(token, salt=LEAVE)
    return email
