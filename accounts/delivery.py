"""Handing an email to the mail server, which may be down: that costs nobody a row or a page."""

import logging

from django.core.mail import EmailMessage

logger = logging.getLogger(__name__)


def deliver(message: EmailMessage, name: str) -> bool:
    """Send the email now; return whether the mail server took it.

    If not, the log says so of `name`, which must hold no address and no secret.
    """
    try:
        message.send()
    except OSError as error:  # SMTPException is one too
        # Not the error's text: it repeats addresses.
        logger.error("%s not delivered: %s", name, type(error).__name__)
        return False
    return True
