"""The one attempt of a process that queued emails, right after its commit.

Somebody's request waits for it: five seconds at most for all emails of the commit, also for a
server that hangs, and not at all for a minute after that. Emails in the background are tried in the
same way by a thread, for which nobody waits. The rest is the worker's.
"""

import atexit
import logging
import time
from collections import deque
from collections.abc import Iterator
from threading import Event, Lock, Thread
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from accounts.outbox.mail import Mail
from accounts.outbox.transport import AWAY, Outcome, send, settle

SECONDS = 5
PAUSE = 60  # seconds for which a mail server that was away is not asked again
PATIENCE = 60  # seconds in which a database that restarts is told what was sent
CHANNEL = "accounts_mail"

logger = logging.getLogger(__name__)

_away_until = 0.0  # in this process, by time.monotonic


def after_commit(ids: list[UUID], *, in_background: bool = False) -> None:
    """Try these emails once the current transaction is committed, with all others of it."""
    kind = Background if in_background else Attempt
    waiting: Any = transaction.get_connection().run_on_commit
    for _, callback, _ in waiting:
        # If a savepoint takes the first one away, those that joined it are gone, too.
        if type(attempt := getattr(callback, "__self__", None)) is kind:
            attempt.ids += ids
            return
    # Robust: what is committed is committed, and its emails are in the table.
    transaction.on_commit(kind(ids).make, robust=True)


class Attempt:
    """What happens to the emails of one transaction after its commit."""

    def __init__(self, ids: list[UUID]) -> None:
        self.ids = ids

    def make(self) -> None:
        if _is_workers():
            _wake_worker()
        else:
            self.send()

    def send(self) -> None:
        ends = time.monotonic() + SECONDS
        sender = Sender(Mail.objects.claim(ids=self.ids))
        sender.start()
        sender.done.wait(ends - time.monotonic())
        sender.leave()
        settle(sender.outcomes)
        if sender.waiting:
            Mail.objects.filter(pk__in=[mail.pk for mail in sender.waiting]).release()
            _wake_worker()
        if not sender.server_answers:
            _pause()


class Background(Attempt):
    """The same, but in a thread: nobody waits, nor could tell by the time that there is an email.

    It is one thread for all requests of the process, and takes what they have left meanwhile. It
    has one email at a time, and writes down what became of it before the next: of five hundred
    invitations a process that is killed sends one twice, and one that is stopped none.
    """

    _left: ClassVar[list[UUID]] = []
    _lock: ClassVar[Lock] = Lock()
    _thread: ClassVar[Thread | None] = None
    _is_ending = False

    def make(self) -> None:
        with self._lock:
            Background._left += self.ids
            if self._thread is None or not self._thread.is_alive():
                # Now and not before: what registers last is called first, and the embedded
                # PostgreSQL, which the thread still writes to, has registered by now.
                atexit.unregister(self.end)
                atexit.register(self.end)
                Background._thread = Thread(target=self._work, name="outbox", daemon=True)
                Background._thread.start()

    @classmethod
    def end(cls) -> None:
        """Let the email that is under way get through; the others are the worker's."""
        cls._is_ending = True
        if thread := cls._thread:
            thread.join(SECONDS)

    @classmethod
    def wait(cls) -> None:
        """Let all emails get through that are there by now, if they do in a few seconds."""
        if thread := cls._thread:
            thread.join(SECONDS)

    @classmethod
    def _work(cls) -> None:
        try:
            while ids := cls._take():
                for outcome in send(cls._claimed(ids)):
                    _settle_patiently(outcome)
                    if outcome.failure and outcome.failure.is_servers:
                        _pause()
                if cls._is_over():
                    _wake_worker()
        except AWAY as error:
            logger.warning("The database is away: %s", type(error).__name__)
        finally:
            connection.close()

    @classmethod
    def _take(cls) -> list[UUID]:
        with cls._lock:
            ids, cls._left = cls._left, []
            if not ids:
                cls._thread = None
            return ids

    @classmethod
    def _claimed(cls, ids: list[UUID]) -> Iterator[Mail]:
        for one in ids:
            if cls._is_over():
                return
            mails = Mail.objects.claim(ids=[one])
            connection.close()  # the mail server takes its time, and requests need the pool
            yield from mails

    @classmethod
    def _is_over(cls) -> bool:
        return cls._is_ending or _is_workers()


class Sender(Thread):
    """Sends emails, as long as somebody waits for it.

    One that it is at when they leave it ends all the same, and settles by itself: to break off
    then could mean to send it twice.
    """

    def __init__(self, mails: list[Mail]) -> None:
        super().__init__(name="outbox", daemon=True)
        self.total, self.waiting = len(mails), deque(mails)
        self.outcomes: list[Outcome] = []
        self.done = Event()
        self._lock = Lock()
        self._is_left = False

    def run(self) -> None:
        try:
            for outcome in send(self._mails()):
                self._keep(outcome)
        finally:
            self.done.set()

    def leave(self) -> None:
        """From now on `outcomes` and `waiting` stay as they are."""
        with self._lock:
            self._is_left = True

    @property
    def server_answers(self) -> bool:
        """Whether the mail server has dealt with all it was given, in time."""
        given = self.total - len(self.waiting)
        return given == len(self.outcomes) and not any(
            failure and failure.is_servers for _, failure in self.outcomes
        )

    def _mails(self) -> Iterator[Mail]:
        while True:
            with self._lock:
                if self._is_left or not self.waiting:
                    return
                mail = self.waiting.popleft()
            yield mail

    def _keep(self, outcome: Outcome) -> None:
        with self._lock:
            if not self._is_left:
                self.outcomes.append(outcome)
                if not self.waiting:
                    self.done.set()  # saying goodbye to the server keeps nobody waiting
                return
        settle([outcome])
        connection.close()


def _settle_patiently(outcome: Outcome) -> None:
    """Write it down, also while the database restarts: what was sent would be sent again."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            return settle([outcome])
        except AWAY:
            if time.monotonic() > ends:
                raise
            time.sleep(1)
        finally:
            connection.close()


def _is_workers() -> bool:
    return settings.MAIL_DELIVERY == "worker" or time.monotonic() < _away_until


def _pause() -> None:
    global _away_until
    _away_until = time.monotonic() + PAUSE


def _wake_worker() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")
