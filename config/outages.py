"""What an error of the database means: who may just wait gets a 503, and the log the cause.

The causes are told apart by PostgreSQL's own codes (its documentation, appendix A).
"""

from typing import NamedTuple

import psycopg
from django.db import DatabaseError, Error, InterfaceError, OperationalError
from psycopg_pool import PoolTimeout

from config.database.patient import Silence
from config.schema import history

READ_ONLY = ("25006", "53100")  # a transaction; the disk, which is full
NOT_ON_STANDBY = "0A000"  # feature not supported; to a standby, also the tables without a log
GIVEN_UP = ("57014", "25P03", "25P04")  # a statement; a transaction that did nothing, or too long
CONFLICTS = ("40001", "40P01", "55P03")  # serialization, deadlock, a lock that was waited for
UNDEFINED = ("42P01", "42703", "42883")  # table, column, function

# It ended our connection as it stopped; or the connection broke, of which it could say nothing.
CUT = (None, "57P01", "57P02", "57P03")


class Outage(NamedTuple):
    """`cause` is for the log; without a text, people are told that we will be back in a moment."""

    cause: str
    title: str = ""
    text: str = ""
    retry_after: int = 30  # seconds; about what a database takes to restart
    is_of_code: bool = False  # the log also needs the place in the code
    error: BaseException | None = None
    is_cut: bool = False  # a connection that worked before: on another one the same may well work


def outage(error: BaseException) -> Outage | None:
    """Return what it is that waiting may help against; None for any other error."""
    if not isinstance(error, Error | psycopg.Error):
        return None
    told = error.__cause__ if isinstance(error, Error) and error.__cause__ else error
    code, words = getattr(told, "sqlstate", None), str(told).partition("\n")[0]
    if code in READ_ONLY or (code == NOT_ON_STANDBY and "during recovery" in words):
        return READS_ONLY._replace(cause=f"The database takes no writes: {words}")
    if code in GIVEN_UP:
        return TOO_SLOW._replace(cause=f"The database gave a statement up: {words}")
    if code in CONFLICTS:
        return IN_CONFLICT._replace(cause=f"Two requests were in each other's way: {words}")
    if code in UNDEFINED:
        return Outage(f"The schema is not this version's: {words}") if _is_other() else None
    if isinstance(told, PoolTimeout):
        return Outage(f"No connection to the database: {words}")
    if isinstance(error, OperationalError | InterfaceError | psycopg.OperationalError):
        is_cut = not isinstance(told, Silence) and code in CUT
        return Outage(f"The database is away: {words}", is_cut=is_cut)
    return None


READS_ONLY = Outage(
    "",
    title="Nothing can be saved right now",
    text="Our database lets us read, but not write. Look around, and send this again in a minute.",
)
TOO_SLOW = Outage(
    "",
    title="This took too long",
    text="We stopped before it was done. Try again in a minute, or ask for less at once.",
    is_of_code=True,
)
IN_CONFLICT = Outage(
    "",
    title="Somebody else was faster",
    text="Somebody changed the same thing at this very moment. Reload this page and try again.",
    retry_after=1,
    is_of_code=True,
)


def _is_other() -> bool:
    """Whether migrations are pending, or were applied that this code does not know.

    If neither, what is undefined is a mistake in the code, and no waiting helps.
    """
    try:
        known = history.read()
    except DatabaseError:
        return True
    return bool(known.pending or known.missing)
