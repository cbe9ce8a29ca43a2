"""What has to hold before something is destroyed. Each raises CommandError with a sentence."""

import sys
from typing import Any

import psycopg
from django.core.management.base import CommandError, OutputWrapper
from psycopg import errors

from config.database.target import Target, is_local

DISPOSABLE = ("development", "test")

# Who may not look at others' sessions sees of them no kind and no time, but that they are there.
OTHERS = """
    SELECT application_name, usename, pid, date_trunc('second', backend_start)
    FROM pg_stat_activity
    WHERE datname = %s AND pid <> pg_backend_pid()
        AND backend_type IS DISTINCT FROM 'autovacuum worker'
    ORDER BY backend_start, pid
"""
# How people end what a name ends with (config.database gives them); the first that fits is said.
ENDED_BY = {
    "-development-dev": "Ctrl-C in the terminal of ./bin/dev ends what it runs.",
    "-web": "The site is running: stop it, and its worker, for as long as this takes.",
    "-worker": "The worker is running: stop it for as long as this takes.",
}
# -2 is what a DROP DATABASE leaves that was interrupted.
CAN_BE_ENTERED = "SELECT datallowconn AND datconnlimit <> -2 FROM pg_database WHERE datname = %s"
MIGRATED_IN = "SELECT DISTINCT environment FROM config_migrationfile ORDER BY environment"


def only_disposable(target: Target) -> None:
    """Refuse unless the environment is for throwing away and the database on this machine.

    Ask it before anything connects, and `only_here` of the connection that destroys.
    """
    if target.environment not in DISPOSABLE:
        raise CommandError(
            f"This destroys rows, and ENVIRONMENT is {target.environment}: it is for "
            f"{' and '.join(DISPOSABLE)} alone."
        )
    if not target.is_local:
        raise CommandError(
            f"This destroys rows, and {target.where} is not this machine alone: it is for "
            "a socket, or addresses of the loopback interface, as 127.0.0.1."
        )


def only_here(connection: psycopg.Connection) -> None:
    """Refuse unless this connection has really reached this machine, whatever names led there."""
    reached = connection.info.hostaddr or connection.info.host
    if not (reached and is_local(reached)):
        raise CommandError(f"This destroys rows, and the connection leads to {reached}: stopped.")


def nobody_else(connection: psycopg.Connection, name: str) -> None:
    """Refuse while other sessions are connected to the database `name`, and name them.

    One that comes a moment later is for PostgreSQL to refuse: DROP DATABASE does, without FORCE.
    """
    others = connection.execute(OTHERS, [name]).fetchall()
    if others:
        raise CommandError(
            "\n".join(
                [f"Others are connected to {name}; end them first:"]
                + [
                    f"  {application or 'a program without a name'}, as {user}, process {pid}"
                    + (f", since {since:%Y-%m-%d %H:%M:%S %Z}" if since else "")
                    for application, user, pid, since in others
                ]
                + [advice for end, advice in ENDED_BY.items() if _any_ends(others, end)][:1]
            )
        )


def _any_ends(others: list[tuple[Any, ...]], end: str) -> bool:
    return any((application or "").endswith(end) for application, *_ in others)


def origins(connection: psycopg.Connection) -> list[str]:
    """Return the environments, other than the disposable ones, that migrated this database.

    It may be a copy of theirs; or their own, if what looks like this machine is a tunnel's end, or
    ENVIRONMENT was forgotten. Raises CommandError if this role may not know.
    """
    try:
        found = [environment for (environment,) in connection.execute(MIGRATED_IN)]
    except (errors.UndefinedTable, errors.UndefinedColumn):
        return []  # none of ours
    except (psycopg.OperationalError, errors.InsufficientPrivilege) as error:
        raise CommandError(f"Nobody can tell whose database this is: {error}") from error
    return [environment for environment in found if environment not in DISPOSABLE]


def origins_beside(connection: psycopg.Connection, given: dict[str, Any], name: str) -> list[str]:
    """Return the same of the database `name`, which these parameters of libpq lead to.

    The connection is to another of the same server. One that is not there, or that PostgreSQL lets
    nobody into, has no origin. Raises CommandError if this role alone may not look into it.
    """
    if connection.execute(CAN_BE_ENTERED, [name]).fetchone() != (True,):
        return []
    try:
        with psycopg.connect(**given | _reached(connection)) as inside:
            return origins(inside)
    except psycopg.OperationalError as error:
        raise CommandError(f"Nobody can tell whose database this is: {error}") from error


def _reached(connection: psycopg.Connection) -> dict[str, Any]:
    """Return the one of several hosts that a connection has led to."""
    info = connection.info
    return {"host": info.host, "hostaddr": info.hostaddr, "port": info.port}


def ask_for_name(target: Target, loss: str, *, force: bool, stderr: OutputWrapper) -> None:
    """Say what is lost, and refuse unless the database's name is typed; `force` answers already."""
    if force:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"{loss} There is no terminal to ask in: say --force if you mean it.")
    stderr.write(f"{loss} Type {target.name} to go on: ", style_func=str, ending="")
    stderr.flush()
    if sys.stdin.readline().rstrip("\n") != target.name:
        raise CommandError("That is not its name. Nothing was changed.")
