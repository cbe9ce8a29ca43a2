"""Connecting once, beside the pool, to say in one sentence why that is not possible."""

from typing import Any

import psycopg
from django.core.management.base import CommandError
from django.db import connection

HINTS = {
    "certificate verify failed": "Its certificate has expired, or is of an authority that is not "
    "trusted here: set DATABASE_CA to the file of the right one.",
    "does not match host name": "Write the host in DATABASE_URL as its certificate does.",
    "server does not support SSL": "Let it speak TLS; only a host of a private network may go "
    "without, and is named in DATABASE_PRIVATE_HOSTS.",
    "unsupported startup parameter": "A pooler answers: set DATABASE_POOLER=transaction.",
    'FATAL:  database "': "manage.py db setup makes one that is missing.",
    "no password supplied": "Put it into DATABASE_URL.",
}


def reach(parameters: dict[str, Any] | None = None) -> psycopg.Connection:
    """Return a new connection that commits by itself, with these parameters of libpq or the pool's.

    Raises CommandError, with what to do, where the pool would only say that it has waited.
    """
    parameters = connection.get_connection_params() if parameters is None else parameters
    try:
        return psycopg.connect(**parameters, autocommit=True)
    except psycopg.OperationalError as error:
        reason = str(error).splitlines()[0].removeprefix("connection failed: ")
        hints = [hint for sign, hint in HINTS.items() if sign in reason]
        sentences = [f"The database cannot be reached: {reason}.", *hints]
        raise CommandError(" ".join(sentences)) from error
