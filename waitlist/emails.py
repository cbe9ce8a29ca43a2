"""The mail of the waitlist: one function per email."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.links import absolute

if TYPE_CHECKING:
    from waitlist.models import Entry


def invitation(entry: "Entry", token: str) -> EmailMessage:
    """Return the email with the link to sign up. The token stands nowhere else."""
    context = {
        "site_name": settings.SITE_NAME,
        "url": absolute(reverse("waitlist:invitation", args=[token])),
        "expires": entry.expires,
    }
    text = render_to_string("emails/waitlist_invitation.txt", context)
    return EmailMessage(f"Your place at {settings.SITE_NAME} is ready", text, to=[entry.email])
