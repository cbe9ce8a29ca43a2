"""Handing emails to the mail server, and what its answer means."""

import logging
import smtplib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from django.core.mail import mailers
from django.db import InterfaceError, InternalError, OperationalError

from accounts.encryption import InvalidToken
from accounts.outbox.mail import Mail
from accounts.outbox.message import Queued

TRANSPORT = "transport"  # of MAILERS
CLOSING = 421  # "service not available, closing": the server goes, whatever the email
# What says that the database is away; the last one: it is read-only for now.
AWAY = (OperationalError, InterfaceError, InternalError)

logger = logging.getLogger(__name__)


class Failure(NamedTuple):
    kind: str  # without an address
    is_servers: bool = False  # it is away; the email is as good as before
    is_final: bool = False  # it would never be taken
    recipients: list[str] | None = None  # who has not got it, where others have
    is_unclear: bool = False  # the mail server went silent over it, and may have taken it


class Outcome(NamedTuple):
    mail: Mail
    failure: Failure | None  # None: the mail server has the email


def send(mails: Iterable[Mail]) -> Iterator[Outcome]:
    """Send the emails one by one over one connection; yield what became of each.

    It ends with the first that the mail server is away for: it would be so for the others.
    """
    backend = mailers[TRANSPORT]
    try:
        for mail in mails:
            failure = _send(backend, mail)
            yield Outcome(mail, failure)
            if failure and failure.is_servers:
                return
    finally:
        _close(backend)


def settle(outcomes: Iterable[Outcome]) -> None:
    """Write down what became of these emails; twice does no harm."""
    outcomes = list(outcomes)
    delivered = [mail for mail, failure in outcomes if failure is None]
    if delivered:
        Mail.objects.filter(pk__in=[mail.pk for mail in delivered]).mark_delivered()
    if last := [mail.pk for mail in delivered if mail.is_last]:
        Mail.objects.filter(pk__in=last).delete()
    for mail, failure in outcomes:
        if failure:
            logger.warning("Email %s not delivered: %s", mail.pk, failure.kind)
            mail.fail(failure)


def _send(backend: Any, mail: Mail) -> Failure | None:
    if mail.is_over:
        return Failure("Expired", is_final=True)
    try:
        backend.open()
    except (OSError, ValueError) as error:  # a name that cannot be one is a ValueError
        return Failure(_kind(error), is_servers=True)
    try:
        backend.send_messages([Queued(mail)])
    except (OSError, ValueError, InvalidToken) as error:
        _close(backend)
        return _failure(error, mail)
    return None


def _failure(error: Exception, mail: Mail) -> Failure:
    kind = _kind(error)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _refusal(error, mail)
    if isinstance(error, smtplib.SMTPResponseException):
        # Who may not send is a setting that somebody mends; what is turned down is not.
        is_final = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500
        return Failure(kind, is_servers=error.smtp_code == CLOSING, is_final=is_final)
    is_servers = isinstance(error, OSError) and not isinstance(error, smtplib.SMTPNotSupportedError)
    return Failure(kind, is_servers=is_servers, is_final=not is_servers, is_unclear=is_servers)


def _refusal(error: smtplib.SMTPRecipientsRefused, mail: Mail) -> Failure:
    codes = {address: code for address, (code, _) in error.recipients.items()}
    for_now = [address for address, code in codes.items() if code < 500]
    return Failure(
        f"{type(error).__name__} {min(codes.values())}",
        is_servers=CLOSING in codes.values(),
        is_final=not for_now,
        recipients=(for_now or list(codes)) if len(mail.recipients) > 1 else None,
    )


def _kind(error: Exception) -> str:
    code = getattr(error, "smtp_code", "")
    return f"{type(error).__name__} {code}".strip()


def _close(backend: Any) -> None:
    with suppress(OSError):
        backend.close()
