"""What `manage.py deliver_mail` does: delivers what is due, and waits for more."""

import logging
import select
import signal
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.outbox.attempt import CHANNEL
from accounts.outbox.mail import Mail
from accounts.outbox.transport import AWAY, Outcome, send, settle

POLL = 5  # seconds, for retries, and for what no notification tells
SERVER_PAUSE = 15  # seconds between two attempts while the mail server is away
DATABASE_PAUSE = 2
TIDIED_EVERY = 60 * 60
BATCH = 500  # rows deleted in one transaction

logger = logging.getLogger(__name__)


class Worker:
    """Several may run side by side: each email is one's alone until its lease is over."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._heard, self._hears = socket.socketpair()
        self._unsettled: list[Outcome] = []
        self._tidied = float("-inf")

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, which lets the email that is under way get through."""
        self._hear_signals()
        if _is_pooled():
            logger.info("No notification passes the pooler: looking for emails every %s s", POLL)
        while not self.is_stopping:
            try:
                self._listen()
                self._work()
            except AWAY as error:
                logger.warning("The database is away: %s", type(error).__name__)
                connection.close()
                self._wait(DATABASE_PAUSE)

    def deliver_due(self) -> bool:
        """Send what is due; return whether the mail server answers."""
        self._settle()  # what the database was away for
        is_there = True
        for outcome in send(self._due()):
            self._unsettled.append(outcome)
            is_there = not (outcome.failure and outcome.failure.is_servers)
            self._settle()
        return is_there

    def stop(self, *_: object) -> None:
        self.is_stopping = True

    def _work(self) -> None:
        while not self.is_stopping:
            is_there = self.deliver_due()
            if time.monotonic() - self._tidied > TIDIED_EVERY:
                tidy()
                self._tidied = time.monotonic()
            if is_there:
                self._wait_for_mail()
            else:
                self._wait(SERVER_PAUSE)

    def _due(self) -> Iterator[Mail]:
        """Yield one at a time: a lease begins when its email's turn comes."""
        while not self.is_stopping and (mails := Mail.objects.claim()):
            yield from mails

    def _settle(self) -> None:
        settle(self._unsettled)
        self._unsettled.clear()

    def _listen(self) -> None:
        if _is_pooled():
            return  # it would be some other process's connection that is told
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")

    def _wait_for_mail(self) -> None:
        raw: Any = connection.connection
        with connection.wrap_database_errors:
            if not any(raw.notifies(timeout=0)):  # of which some came while we worked
                self._wait(POLL, raw)

    def _wait(self, seconds: float, *others: Any) -> None:
        if not self.is_stopping:
            select.select([self._heard, *others], [], [], seconds)

    def _hear_signals(self) -> None:
        self._hears.setblocking(False)
        signal.set_wakeup_fd(self._hears.fileno())  # a wait ends then, which it does not by itself
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)


def _is_pooled() -> bool:
    """Whether each transaction may have another connection, as through PgBouncer."""
    return bool(connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"])


def tidy() -> None:
    """Delete the rows of emails that were settled, MAIL_KEPT_DAYS after they were queued."""
    until = timezone.now() - timedelta(days=settings.MAIL_KEPT_DAYS)
    # A UUIDv7 begins with 48 bits of milliseconds.
    first_kept = UUID(int=int(until.timestamp() * 1000) << 80)
    old = Mail.objects.filter(pk__lt=first_kept, next_try=None).values_list("pk", flat=True)
    while ids := list(old[:BATCH]):
        Mail.objects.filter(pk__in=ids).delete()
