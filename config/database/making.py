"""The database itself: whether it can be reached, and how it is made and dropped.

What goes wrong is a CommandError, a sentence about what to do. The server's own words are part of
it, in whatever language it speaks; what they mean is told from what PostgreSQL does, not from them.
"""

from typing import Any

import psycopg
from django.core.management.base import CommandError
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from config.database import guards
from config.database.target import Target, in_use

ALWAYS_THERE = ("postgres", "template1")  # databases from which another one is made and dropped
EXISTS = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = %s)"
MAY_CREATE = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"


def ensure(target: Target, given: dict[str, Any]) -> bool:
    """Make the database unless it is there; return whether it was made.

    `given` are the parameters of target.parameters. Raises CommandError if it cannot be reached,
    or is missing and this role may not make it: then with the SQL for who may.
    """
    if not (failure := _refusal(given)):
        return False
    with beside(target, given, failure) as connection:
        if connection.execute(EXISTS, [target.name]).fetchone() == (False,):
            create(connection, target.name)
            return True
    if failure := _refusal(given):  # else somebody has made it meanwhile
        raise _kept_out(failure, target, given) from failure
    return False


def beside(
    target: Target, given: dict[str, Any], failure: psycopg.OperationalError | None = None
) -> psycopg.Connection:
    """Return a connection to a database of the same server that is not the target.

    Raises CommandError if there is none to enter, about the `failure` that led here, or the first.
    """
    _check_answer(target, given, failure)
    for name in ALWAYS_THERE:
        if name != target.name:
            try:
                return psycopg.connect(**given | {"dbname": name}, autocommit=True)
            except psycopg.OperationalError as error:
                failure = failure or error
    raise _kept_out(failure, target, given) from failure


def create(connection: psycopg.Connection, name: str) -> None:
    """Make the database; one that somebody else made at this moment is as good."""
    statement = sql.SQL("CREATE DATABASE {} ENCODING 'UTF8'").format(sql.Identifier(name))
    try:
        connection.execute(statement)
    except (errors.DuplicateDatabase, errors.UniqueViolation):
        pass
    except errors.InsufficientPrivilege as error:
        raise _not_allowed(connection, name) from error
    except psycopg.Error as error:
        raise CommandError(f"PostgreSQL does not make {name}: {error}") from error


def check_may_create(connection: psycopg.Connection, name: str) -> None:
    """Refuse if this role may not make databases, before one is dropped for good."""
    if connection.execute(MAY_CREATE).fetchone() != (True,):
        raise _not_allowed(connection, name)


def drop(connection: psycopg.Connection, name: str) -> None:
    """Drop the database, if it is there.

    Not WITH (FORCE): that would throw out who came after `nobody_else` looked. So PostgreSQL
    refuses, and the guard names them.
    """
    try:
        connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
    except errors.InvalidCatalogName:
        pass
    except errors.ObjectInUse as error:
        guards.nobody_else(connection, name)
        raise CommandError(f"{error.diag.message_primary}. Nothing was dropped.") from error
    except psycopg.Error as error:
        raise CommandError(f"PostgreSQL does not drop {name}: {error}") from error


def _refusal(given: dict[str, Any]) -> psycopg.OperationalError | None:
    """Return why nobody gets in; None if it goes well."""
    try:
        psycopg.connect(**given).close()
    except psycopg.OperationalError as error:
        return error
    return None


def _not_allowed(connection: psycopg.Connection, name: str) -> CommandError:
    role = connection.info.user
    database, owner = (sql.Identifier(word).as_string() for word in (name, role))
    return CommandError(
        f"The role {role} may not make databases. Somebody who may can run this once, in psql:\n\n"
        f"    CREATE DATABASE {database} OWNER {owner} ENCODING 'UTF8';"
    )


def _check_answer(
    target: Target, given: dict[str, Any], failure: psycopg.OperationalError | None
) -> None:
    match PGconn.ping(make_conninfo(**given).encode()):
        case Ping.REJECT:
            raise CommandError(f"{target.where} is starting or stopping; try again in a moment.")
        case Ping.NO_RESPONSE:
            reason = f" ({_reason(failure)})" if failure else ""
            raise CommandError(
                f"There is no way to {target.where}{reason}. Is PostgreSQL running there, and is "
                "DATABASE_URL right?"
            )


def _kept_out(
    failure: psycopg.OperationalError | None, target: Target, given: dict[str, Any]
) -> CommandError:
    """Return what keeps the role out of a server that answers."""
    user, pgconn = in_use(given).get("user", ""), failure and failure.pgconn
    if pgconn and pgconn.needs_password:
        return CommandError(f"PostgreSQL wants a password for {user}, and DATABASE_URL has none.")
    advice = ""
    if pgconn and pgconn.used_password:
        advice = (
            " Look at the user and the password in DATABASE_URL; special characters in them are "
            "written as %-escapes."
        )
    said = _reason(failure)
    return CommandError(f"PostgreSQL does not let {user} into {target.name} ({said}).{advice}")


def _reason(failure: psycopg.OperationalError | None) -> str:
    """Return the end of the first line, which says what happened after what was tried."""
    return str(failure).partition("\n")[0].rpartition(" failed: ")[2].strip()
