"""What has to hold before something is destroyed. Each raises CommandError with a sentence."""

from typing import Any

import psycopg
from django.core.management.base import CommandError

from config.database.target import Target, is_local

DISPOSABLE = ("development", "test")

# Who may not look at others' sessions sees of them no kind and no time, but that they are there.
OTHERS = """
    SELECT application_name, usename, pid, date_trunc('second', backend_start)
    FROM pg_stat_activity
    WHERE datname = %s AND pid <> pg_backend_pid()
        AND usesysid IS NOT NULL -- as that of autovacuum is, whose kind is shown to superusers only
    ORDER BY backend_start, pid
"""
# How people end what a name ends with (config.database gives them); the first that fits is said.
ENDED_BY = {
    "-development-dev": "Ctrl-C in the terminal of ./bin/dev ends what it runs.",
    "-web": "The site is running: stop it, and its worker, for as long as this takes.",
    "-worker": "The worker is running: stop it for as long as this takes.",
}


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
