"""A database for a drill, which is gone afterwards whatever happens."""

import contextlib
import re
import secrets
from collections.abc import Iterator
from typing import Any

import psycopg
from django.core.management.base import CommandError
from psycopg.sql import SQL, Identifier

from config.database.reaching import reach

LONGEST = 63 - len("_drill_12345678")  # bytes of a name that PostgreSQL takes whole

# Of drills that were killed: a running one is connected to its own.
LEFTOVERS = """
    SELECT datname FROM pg_database
    WHERE datname ~ %s AND pg_get_userbyid(datdba) = current_user
        AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE datid = pg_database.oid)"""


@contextlib.contextmanager
def database(parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Make a database beside that of these parameters of libpq; return the parameters of the new.

    It is dropped at the end of the block. Raises CommandError where this role may make none.
    """
    with reach(parameters) as connection:
        start = beginning(connection.info.dbname)
        _clear(connection, start)
        name = start + secrets.token_hex(4)
        try:
            try:
                connection.execute(
                    SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name))
                )
            except psycopg.errors.InsufficientPrivilege as error:
                raise CommandError(
                    f"{connection.info.user} may make no database to drill in: let it, by ALTER "
                    f"ROLE {connection.info.user} CREATEDB, or drill on another server."
                ) from error
            yield parameters | {"dbname": name}
        finally:
            _drop(parameters, name)


def beginning(name: str) -> str:
    """Return how the names of drills beside this database begin, before eight digits.

    PostgreSQL cuts off what is too long: without them it could be another database's name.
    """
    return name.encode()[:LONGEST].decode(errors="ignore") + "_drill_"


def _clear(connection: psycopg.Connection, start: str) -> None:
    pattern = f"^{re.escape(start)}[0-9a-f]{{8}}$"
    for (name,) in connection.execute(LEFTOVERS, [pattern]).fetchall():
        with contextlib.suppress(psycopg.errors.ObjectInUse, psycopg.errors.InvalidCatalogName):
            connection.execute(SQL("DROP DATABASE {}").format(Identifier(name)))


def _drop(parameters: dict[str, Any], name: str) -> None:
    # Not on the connection from before: a restore takes long, and Ctrl-C may have spoiled it.
    with reach(parameters) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
