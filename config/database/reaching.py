"""Connecting once, beside the pool, to say in one sentence why that is not possible."""

import psycopg
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


class Unreachable(Exception):
    """A sentence: why the server did not let us in, and what to do about it."""


def reach() -> psycopg.Connection:
    """Return a new connection, made as the pool makes its own; it commits by itself.

    Raises Unreachable, where the pool would only say that it has waited for a connection.
    """
    try:
        return psycopg.connect(**connection.get_connection_params(), autocommit=True)
    except psycopg.OperationalError as error:
        reason = str(error).splitlines()[0].removeprefix("connection failed: ")
        hints = [hint for sign, hint in HINTS.items() if sign in reason]
        sentences = [f"The database cannot be reached: {reason}.", *hints]
        raise Unreachable(" ".join(sentences)) from None
