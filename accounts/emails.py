"""The mail about accounts that allauth does not write: one function per email.

Each is called in the transaction that causes it, and queued there.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from accounts.outbox import queue

if TYPE_CHECKING:
    from accounts.models import Mail, User


def erased(email: str) -> "Mail":
    """Confirm that the account of this address is gone; return the email."""
    subject = f"Your {settings.SITE_NAME} account is deleted"
    return queue(_message("erased", subject, email), is_last=True)


def impersonation_started(person: "User", admin: "User", until: datetime) -> "Mail":
    """Tell the person that an admin acts as them; return the email."""
    subject = f"{admin} acts as you"
    return queue(_message("impersonation_started", subject, person.email, admin=admin, until=until))


def impersonation_stopped(person: "User", admin: "User") -> "Mail":
    """Tell the person that the admin no longer does; return the email."""
    subject = f"{admin} no longer acts as you"
    return queue(_message("impersonation_stopped", subject, person.email, admin=admin))


def _message(template: str, subject: str, email: str, **context: Any) -> EmailMessage:
    text = render_to_string(f"emails/{template}.txt", {"site_name": settings.SITE_NAME, **context})
    return EmailMessage(subject, text, to=[email])
