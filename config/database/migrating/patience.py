"""How long a migration waits for a lock while the site goes on, and how it tries again.

Who waits for a table's lock makes everybody wait who comes after: so PostgreSQL gives up soon, and
the migration begins anew a little later, when those were served. No other limit applies to it.

- A migration in a transaction is rolled back and begun anew.
- Of one that is not atomic, each statement that changes the schema gets a transaction of its own
  and is tried again by itself.
- What is built concurrently keeps nobody waiting, and is left half built by a limit: it has none.
"""

import contextlib
import re
import time
from collections.abc import Callable
from typing import Any, Self

from django.core.management.base import CommandError
from django.db import OperationalError, ProgrammingError, transaction
from django.db.migrations import Migration
from psycopg.pq import TransactionStatus

from config.database.limits import take_time
from config.database.migrating import halves
from config.database.migrating.watching import Watch
from config.database.wording import first_line

FIRST_PAUSE, LONGEST_PAUSE = 1, 30  # seconds between two tries, doubled each time

LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED = "55P03", "40P01"
IS_THERE = ("42P07", "42701", "42710")  # a table or index, a column, a constraint or trigger
# For what has no transaction. A pooler would give it to whoever comes next.
NO_LIMITS = "SET statement_timeout = 0; SET lock_timeout = 0"
OWN_LIMITS = "RESET statement_timeout; RESET lock_timeout"

# What may have a transaction of its own, and keeps others waiting while it waits for a lock.
CHANGES_SCHEMA = re.compile(
    r"\s*(ALTER|CREATE|DROP|TRUNCATE|COMMENT)\b"
    r"(?!.*\b(CONCURRENTLY|DATABASE|SYSTEM|TABLESPACE|SUBSCRIPTION|BEGIN|COMMIT|ROLLBACK)\b)",
    re.IGNORECASE | re.DOTALL,
)
READS = re.compile(r"\s*(SELECT|SHOW|SET|RESET)\b", re.IGNORECASE)


class Patience:
    """As a block around `migrate`: limits what its statements wait for.

    A statement waits `seconds` for a lock, up to as many `tries`. `tell` is called with whom it
    waits for. `connection` is Django's.
    """

    def __init__(
        self, connection: Any, tell: Callable[[str], object], *, seconds: float, tries: int
    ) -> None:
        self._connection, self._tell = connection, tell
        self._seconds, self._tries = seconds, tries
        self._pooled = connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS", False)
        self._migration: Migration | None = None
        self._failures = 0
        self._is_begun = False
        self._watch = Watch(connection.get_connection_params(), tell)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            if not self._pooled:
                self._connection.ensure_connection()
                self._connection.connection.execute(NO_LIMITS)
            opened.enter_context(self._connection.execute_wrapper(self._execute))
            opened.enter_context(self._watch)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()
        if not self._pooled and self._connection.is_usable():
            self._connection.connection.execute(OWN_LIMITS)

    def begin(self, migration: Migration | None) -> None:
        """Say which migration the statements belong to from now on."""
        self._migration, self._is_begun = migration, False

    def try_again(self, error: OperationalError) -> None:
        """Return when all that was rolled back may be begun anew.

        Raises the error, unless a lock was its reason; CommandError after the last try, and where
        a part of the migration is done already, because that is not to be done twice.
        """
        self._pause(error, is_last=self._is_half_done)

    @property
    def _is_half_done(self) -> bool:
        return self._is_begun and self._migration is not None and not self._migration.atomic

    def _execute(self, *statement: Any) -> Any:
        """Be around each statement that Django executes."""
        try:
            return self._execute_patiently(*statement)
        except ProgrammingError as error:
            is_there = getattr(error.__cause__, "sqlstate", "") in IS_THERE
            if not is_there or self._migration is None or self._migration.atomic:
                raise
            raise CommandError(
                f"{self._name} is not atomic, and a part of it is done: "
                f"{first_line(error)}. A migrate before this one may have been killed "
                "or have failed in the middle. Undo that part, then run migrate again."
            ) from error

    def _execute_patiently(
        self, execute: Any, sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        if self._connection.in_atomic_block:
            self._limit()
        elif CHANGES_SCHEMA.match(str(sql)):
            return self._execute_by_itself(execute, sql, params, many, context)
        else:
            self._is_begun = self._is_begun or not READS.match(str(sql))
            self._watch.pid = None if self._pooled else self._connection.connection.info.backend_pid
        with self._watch.statement():
            if not self._connection.in_atomic_block:
                halves.clear(str(sql), self._connection.connection, self._tell)
            return execute(sql, params, many, context)

    def _execute_by_itself(self, execute: Any, *statement: Any) -> Any:
        while True:
            try:
                with transaction.atomic(using=self._connection.alias), self._watch.statement():
                    self._limit()
                    answer = execute(*statement)
            except OperationalError as error:
                self._pause(error)
            else:
                self._failures = 0
                return answer

    def _limit(self) -> None:
        """Give the transaction its limits before its first statement."""
        raw = self._connection.connection
        if raw.info.transaction_status == TransactionStatus.IDLE:
            take_time(raw.cursor(), lock_timeout=f"{self._seconds * 1000:.0f}ms")
            (self._watch.pid,) = raw.execute("SELECT pg_backend_pid()").fetchone()
            transaction.on_commit(self._note_commit, using=self._connection.alias)

    def _note_commit(self) -> None:
        self._is_begun = True

    def _pause(self, error: OperationalError, *, is_last: bool = False) -> None:
        if getattr(error.__cause__, "sqlstate", "") not in (LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED):
            raise error
        self._failures += 1
        if is_last or self._failures >= self._tries:
            raise CommandError(self._verdict()) from error
        pause = min(FIRST_PAUSE * 2 ** (self._failures - 1), LONGEST_PAUSE)
        self._tell(
            f"{self._name} lets the site go on and tries again in {pause} s "
            f"(try {self._failures + 1} of {self._tries})."
        )
        time.sleep(pause)

    @property
    def _name(self) -> str:
        return str(self._migration or "migrate")

    def _verdict(self) -> str:
        """Say who was waited for, what is applied and what to do."""
        blocker = self._watch.blockers[0] if self._watch.blockers else None
        applied = f"Nothing of {self._name} is applied."
        if self._is_half_done:
            applied = (
                f"{self._name} is not atomic: what it did before is applied, and it is not "
                "recorded. Undo that before you go on."
            )
        end = f", or end it by SELECT pg_terminate_backend({blocker.pid})" if blocker else ""
        return (
            f"{self._name} did not get its lock in {self._failures} tries of {self._seconds:g} s: "
            f"{blocker or 'somebody'} has it. {applied} Let that end{end}, then run migrate again."
        )
