"""Who else is at the database, for sentences about whom a migrate waits for."""

from datetime import datetime
from typing import Any, NamedTuple

import psycopg

HOLDING = """
    SELECT pid, application_name, coalesce(xact_start, backend_start)
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND database = datid
        AND datname = current_database() AND (classid, objid, objsubid) = (0, %s, 1)"""
BLOCKING = """
    SELECT pid, application_name, coalesce(xact_start, backend_start)
    FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids(%s)) ORDER BY 3"""


class Session(NamedTuple):
    """One of PostgreSQL's, of which nobody but its own role and monitors is told the time."""

    pid: int
    application: str
    since: datetime | None

    def __str__(self) -> str:
        since = f", since {self.since:%H:%M:%S %Z}" if self.since else ""
        return f"{self.application or 'a session without a name'} (session {self.pid}{since})"


def holding(lock: int, connection: psycopg.Connection[Any]) -> list[Session]:
    """Return who has this advisory lock of the connection's database."""
    return [Session(*row) for row in connection.execute(HOLDING, [lock])]


def blocking(pid: int, connection: psycopg.Connection[Any]) -> list[Session]:
    """Return who keeps this session waiting, the one in the oldest transaction first."""
    return [Session(*row) for row in connection.execute(BLOCKING, [pid])]
