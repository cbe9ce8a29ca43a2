"""The mail about accounts that allauth does not write: one function per email."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from accounts.delivery import deliver

if TYPE_CHECKING:
    from accounts.models import User


def erased(email: str) -> bool:
    """Confirm that the account of this address is gone; return whether the mail server took it."""
    subject = f"Your {settings.SITE_NAME} account is deleted"
    return _send("erased", "Confirmation of an erasure", subject, email)


def impersonation_started(person: "User", admin: "User", until: datetime) -> bool:
    """Tell the person that an admin acts as them; return whether the mail server took it."""
    name, subject = "Notice of an impersonation", f"{admin} acts as you"
    return _send("impersonation_started", name, subject, person.email, admin=admin, until=until)


def impersonation_stopped(person: "User", admin: "User") -> bool:
    """Tell the person that the admin no longer does; return whether the mail server took it."""
    name, subject = "Notice of an impersonation's end", f"{admin} no longer acts as you"
    return _send("impersonation_stopped", name, subject, person.email, admin=admin)


def _send(template: str, name: str, subject: str, email: str, **context: Any) -> bool:
    text = render_to_string(f"emails/{template}.txt", {"site_name": settings.SITE_NAME, **context})
    return deliver(EmailMessage(subject, text, to=[email]), name)
