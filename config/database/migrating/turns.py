"""One `migrate` at a time, however many deploys begin at once.

The lock is an advisory one, held by a connection of its own in an open transaction: so it also
holds through a pooler that hands each transaction another connection, and it goes with the process,
however that ends.

CREATE INDEX CONCURRENTLY waits for every transaction that has a statement open. So whoever waits
for the lock asks again and again instead of waiting in a statement, and the connection that holds
it does nothing meanwhile: else it and the migration would wait for one another for ever.
"""

import contextlib
import os
import random
import socket
import time
from collections.abc import Callable
from typing import Any, Self

import psycopg
from django.core.management.base import CommandError

from config.database.limits import take_time
from config.database.migrating import sessions

LOCK = 20_260_102  # of PostgreSQL, in the database that is migrated
PAUSE = (0.1, 0.5)  # seconds between two tries, drawn so that those who wait do not ask in step


class Turn:
    """As a block: wait for the lock, then hold it. `tell` is called with whom it waits for.

    `waited` says whether another had it before. `parameters` are those of psycopg.connect, `name`
    is what others are told of it.
    """

    def __init__(
        self,
        parameters: dict[str, Any],
        tell: Callable[[str], object],
        *,
        lock: int = LOCK,
        name: str = "migrate",
    ) -> None:
        self._parameters, self._tell, self._lock, self._name = parameters, tell, lock, name
        self.waited = False

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            self._own = opened.enter_context(contextlib.closing(self._connect()))
            told: list[sessions.Session] = []
            while not self._take():
                self.waited = True
                told = self._tell_holder(told)
                self._own.rollback()
                time.sleep(random.uniform(*PAUSE))  # noqa: S311
            opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.closing(self._own), contextlib.suppress(psycopg.OperationalError):
            self._own.rollback()  # returns when the lock is free, which closing does not wait for

    def check(self) -> None:
        """Raise CommandError if the lock is lost, as another may have taken it by now."""
        try:
            self._own.execute("SELECT")
        except psycopg.Error as error:
            raise CommandError(
                "The session that kept other migrates waiting has ended, so this one stops before "
                "its next migration. Those before it are whole: run migrate again for the rest."
            ) from error

    def _connect(self) -> psycopg.Connection[Any]:
        connection = psycopg.connect(**self._parameters)
        # Stricter levels keep a snapshot between statements.
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return connection

    def _take(self) -> bool:
        name = f"{self._name} on {socket.gethostname()[:30]}, process {os.getpid()}"
        self._own.execute("SELECT set_config('application_name', %s, true)", [name])
        take_time(self._own.cursor())
        row = self._own.execute("SELECT pg_try_advisory_xact_lock(%s)", [self._lock]).fetchone()
        return bool(row and row[0])

    def _tell_holder(self, told: list[sessions.Session]) -> list[sessions.Session]:
        """Say who has the lock, unless that is told; return it."""
        holders = sessions.holding(self._lock, self._own)
        if holders and holders != told:
            self._tell(f"Waiting for another {self._name} to end: {holders[0]}.")
        return holders or told
