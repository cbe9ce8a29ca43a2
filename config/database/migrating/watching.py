"""Who blocks a statement that takes long, said while it waits."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

import psycopg

from config.database.migrating import sessions

WATCHED = 0.25  # seconds after which somebody looks, and looks again


class Watch:
    """As a block: look, from a connection and a thread of its own, who blocks a long statement.

    Not from the one that holds the lock of `migrate`: see turns.py. `pid` is the session that
    migrates, `blockers` who blocked it last.
    """

    def __init__(self, parameters: dict[str, Any], tell: Callable[[str], object]) -> None:
        self._parameters, self._tell = parameters, tell
        self._ended = threading.Event()
        self._started = 0.0  # when the statement that is being executed did; 0 is none
        self.pid: int | None = None
        self.blockers: list[sessions.Session] = []

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @contextlib.contextmanager
    def statement(self) -> Iterator[None]:
        """Be around a statement that may wait."""
        self._started = time.monotonic()
        try:
            yield
        finally:
            self._started = 0.0

    def _look(self) -> None:
        with contextlib.suppress(psycopg.Error), contextlib.ExitStack() as opened:
            connection = None
            while not self._ended.wait(WATCHED):
                if self.pid and self._started and time.monotonic() - self._started > WATCHED:
                    connection = connection or opened.enter_context(
                        psycopg.connect(**self._parameters, autocommit=True)
                    )
                    self._tell_blockers(sessions.blocking(self.pid, connection))

    def _tell_blockers(self, blockers: list[sessions.Session]) -> None:
        if blockers and blockers != self.blockers:
            self.blockers = blockers
            self._tell(f"Waiting for {', '.join(map(str, blockers))}.")
