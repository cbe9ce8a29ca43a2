"""The way into the outbox."""

from collections.abc import Collection, Iterable
from datetime import datetime
from email.utils import getaddresses
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction

from accounts.encryption import encrypt
from accounts.outbox import attempt
from accounts.outbox.mail import Mail
from accounts.outbox.message import pack, pack_each


def queue(
    message: EmailMessage,
    *,
    expires: datetime | None = None,
    is_last: bool = False,
    in_background: bool = False,
) -> Mail:
    """Return the row of this email, written in the current transaction: call it inside of that.

    After the commit the email is tried at once, for five seconds at most, and from then on by
    `manage.py deliver_mail`; what is rolled back is never sent, nor what is still here when it
    `expires`, as a code does. With `is_last` the row goes as soon as the email has: its address is
    of somebody who was deleted. With `in_background` a thread tries it, and the request goes on, so
    that its time does not tell that there is an email. Raises ValueError for an email to nobody, to
    what is no address, or with a line break in a header.
    """
    if not message.recipients():
        raise ValueError("an email to nobody")
    [mail] = queue_all([message], expires=expires, is_last=is_last, in_background=in_background)
    return mail


def queue_all(
    messages: Iterable[EmailMessage],
    *,
    expires: datetime | None = None,
    is_last: bool = False,
    in_background: bool = False,
) -> list[Mail]:
    """Return the rows of these emails, as `queue` does: one statement, one connection to send them.

    Those to nobody are left out.
    """
    rows = [
        _row(message, _addresses(message), pack(message), expires=expires, is_last=is_last)
        for message in messages
        if message.recipients()
    ]
    return _write(rows, in_background)


def queue_copies(copies: Iterable[tuple[EmailMessage, Collection[str]]]) -> None:
    """Queue each email for each of its addresses, of which none sees another; a thread tries them.

    The emails are given without recipients. Ten thousand copies of one take a second or two.
    """
    rows = [
        _row(message, [address], text)
        for message, addresses in copies
        for address, text in zip(addresses, pack_each(message, addresses), strict=True)
    ]
    _write(rows, in_background=True)


def _write(rows: list[Mail], in_background: bool) -> list[Mail]:
    with transaction.atomic(savepoint=False):
        mails = Mail.objects.bulk_create(rows)
        if mails:
            attempt.after_commit([mail.pk for mail in mails], in_background=in_background)
    return mails


def _addresses(message: EmailMessage) -> list[str]:
    addresses = [address for _, address in getaddresses(message.recipients())]
    if not all(addresses):
        raise ValueError("an address that cannot be read")
    return addresses


def _row(message: EmailMessage, recipients: list[str], text: str, **more: Any) -> Mail:
    return Mail(
        sender=message.from_email,
        recipients=recipients,
        subject=str(message.subject),
        message=encrypt(text),
        **more,
    )
