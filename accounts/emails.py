"""The mail about accounts that allauth does not write: one function per email."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from accounts.delivery import deliver


def erased(email: str) -> bool:
    """Confirm that the account of this address is gone; return whether the mail server took it."""
    text = render_to_string("emails/erased.txt", {"site_name": settings.SITE_NAME})
    subject = f"Your {settings.SITE_NAME} account is deleted"
    return deliver(EmailMessage(subject, text, to=[email]), "Confirmation of an erasure")
