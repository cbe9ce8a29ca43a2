"""Which environments have migrated a database: `migrate` writes its own beside each file.

One that staging or production has migrated may be a copy of theirs; or their own, if what looks
like this machine is a tunnel's end, or ENVIRONMENT was forgotten.
"""

from typing import Any

import psycopg
from django.core.management.base import CommandError
from psycopg import errors

from config.database.backups import exports
from config.database.guards import DISPOSABLE
from config.database.target import Target

IS_KEPT = """
    SELECT FROM pg_attribute WHERE attrelid = to_regclass('config_migrationfile')
        AND attname = 'environment' AND NOT attisdropped"""
FOUND = """
    SELECT DISTINCT environment FROM config_migrationfile
    WHERE environment <> ALL (%s) ORDER BY environment"""
# -2 is what a DROP DATABASE leaves that was interrupted.
CAN_BE_ENTERED = "SELECT datallowconn AND datconnlimit <> -2 FROM pg_database WHERE datname = %s"


def of(cursor: Any) -> list[str]:
    """Return those that are not for throwing away; the cursor is psycopg's, or Django's."""
    cursor.execute(IS_KEPT)
    if not cursor.fetchall():
        return []  # none of ours
    cursor.execute(FOUND, [[*DISPOSABLE]])
    return [environment for (environment,) in cursor.fetchall()]


def beside(connection: psycopg.Connection, given: dict[str, Any], name: str) -> list[str]:
    """Return the same of the database `name`, which these parameters of libpq lead to.

    The connection is to another of the same server. One that is not there, or that PostgreSQL lets
    nobody into, has no origin. Raises CommandError if this role alone may not look into it.
    """
    if connection.execute(CAN_BE_ENTERED, [name]).fetchone() != (True,):
        return []
    try:
        with psycopg.connect(**given | _reached(connection)) as inside:
            return of(inside.cursor())
    except (psycopg.OperationalError, errors.InsufficientPrivilege) as error:
        raise CommandError(f"Nobody can tell whose database this is: {error}") from error


def check_not_forgotten(target: Target, cursor: Any) -> None:
    """Raise CommandError where ENVIRONMENT was forgotten, so that production's rows seem a toy's.

    On this machine they may be a copy, or what a tunnel leads to: nobody can tell. Elsewhere they
    are one if `db restore` made it, as in a container's database.
    """
    if target.environment not in DISPOSABLE or target.is_local or not (places := of(cursor)):
        return
    if not exports.was_restored_in(DISPOSABLE):
        raise CommandError(
            f"ENVIRONMENT is {target.environment}, and the database on {target.where} was migrated "
            f"in {' and '.join(places)}: set ENVIRONMENT={places[0]}. If it is a copy, make it "
            "with manage.py db restore."
        )


def told(places: list[str]) -> str:
    """Return what these mean, in a sentence."""
    return (
        f"This database was migrated in {' and '.join(places)}: it is a copy, or a tunnel leads to "
        "the original."
    )


def _reached(connection: psycopg.Connection) -> dict[str, Any]:
    """Return the one of several hosts that a connection has led to."""
    info = connection.info
    return {"host": info.host, "hostaddr": info.hostaddr, "port": info.port}
