"""The mail of the waitlist: one function per email. Each has a way to leave the list."""

import email
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.encryption import InvalidToken
from accounts.links import absolute
from accounts.models import Mail
from accounts.outbox import queue
from waitlist.links import CONFIRM_SECONDS, confirm_url, leave_url

if TYPE_CHECKING:
    from waitlist.models import Entry

UNSUBSCRIBE = "List-Unsubscribe"


def message(to: str, subject: str, template: str, **context: Any) -> EmailMessage:
    """Return an email of the waitlist, from `emails/<template>.txt`, which extends waitlist.txt.

    Each has a link at its end, and the headers with which mail programs offer a button of their
    own, as RFC 8058 has it.
    """
    url = leave_url(to)
    context |= {"site_name": settings.SITE_NAME, "leave_url": url}
    headers = {UNSUBSCRIBE: f"<{url}>", f"{UNSUBSCRIBE}-Post": f"{UNSUBSCRIBE}=One-Click"}
    text = render_to_string(f"emails/{template}.txt", context)
    return EmailMessage(subject, text, to=[to], headers=headers)


def invitation(entry: "Entry", token: str) -> EmailMessage:
    """Return the email with the link to sign up. The token stands nowhere else."""
    url = absolute(reverse("waitlist:invitation", args=[token]))
    subject = f"Your place at {settings.SITE_NAME} is ready"
    return message(entry.email, subject, "waitlist_invitation", url=url, expires=entry.expires)


def confirmation(entry: "Entry") -> None:
    """Send the link that confirms the address, for which the request does not wait."""
    url = confirm_url(entry.email, entry.unsubscribed)
    expires = timezone.now() + timedelta(seconds=CONFIRM_SECONDS)
    subject = f"Confirm your place on the waitlist of {settings.SITE_NAME}"
    mail = message(entry.email, subject, "waitlist_confirm", url=url, expires=expires)
    queue(mail, expires=expires, in_background=True)


def withdraw(to: str) -> None:
    """Delete the waitlist's emails to this address that are still on their way."""
    pending = Mail.objects.in_state("pending").filter(recipients=[to])
    ours = [mail.pk for mail in pending if _is_ours(mail)]
    Mail.objects.filter(pk__in=ours).delete()


def _is_ours(mail: Mail) -> bool:
    try:
        return UNSUBSCRIBE in email.message_from_string(mail.text())
    except InvalidToken:
        return False  # nor can it be sent
