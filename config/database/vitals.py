"""What one connection tells of the database: a line each, for `manage.py db ping`."""

import statistics
import time

import psycopg
from django.conf import settings

from config.database import LIMITS

TIMES = 20
SERVER = """
    SELECT current_setting('server_version'), pg_is_in_recovery(),
        current_setting('transaction_read_only')::boolean
"""
CIPHER = "SELECT version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"
SESSIONS = """
    SELECT coalesce(nullif(application_name, ''), 'unnamed'), count(*)
    FROM pg_stat_activity WHERE datid IS NOT NULL AND pid <> pg_backend_pid()
    GROUP BY 1 ORDER BY 2 DESC, 1
"""
MOST = "SELECT current_setting('max_connections')"
VERIFIED = {
    "verify-full": "certificate and name verified",
    "verify-ca": "certificate verified, but not the name",
}


def latency(connection: psycopg.Connection) -> float:
    """Return how many seconds the smallest statement takes, the median of TIMES."""
    times = []
    for _ in range(TIMES):
        started = time.perf_counter()
        connection.execute("SELECT 1")
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def server(connection: psycopg.Connection) -> str:
    version, is_standby, is_read_only = connection.execute(SERVER).fetchone() or ("", False, False)
    kind = "a standby, read-only" if is_standby else "read-only" if is_read_only else "takes writes"
    return f"PostgreSQL {version}, {kind}"


def encryption(connection: psycopg.Connection) -> str:
    """Say what TLS protects this connection by, and who was found to be at its other end."""
    if not connection.pgconn.ssl_in_use:
        return "not encrypted"
    # The server knows nothing of TLS that ends at a pooler before it, and libpq tells no more.
    row = connection.execute(CIPHER).fetchone()
    kind = ", ".join(row) if row else "TLS up to the pooler"
    used = {option.keyword: option.val for option in connection.pgconn.info}
    mode = (used[b"sslmode"] or b"").decode()
    return f"{kind}; {VERIFIED.get(mode, 'certificate not verified')}"


def sessions(connection: psycopg.Connection) -> str:
    """Say who holds how many of the connections that the server takes."""
    (most,) = connection.execute(MOST).fetchone() or ("",)
    held = connection.execute(SESSIONS).fetchall()
    names = ", ".join(f"{name} {count}" for name, count in held)
    return f"{sum(count for _, count in held)} of {most} connections are in use" + (
        f": {names}" if names else ""
    )


def unlimited(connection: psycopg.Connection) -> list[str]:
    """Return the limits of requests that a connection from a pooler does not have."""
    if not settings.DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"]:
        return []  # each process of the site asks for them
    return [name for name in LIMITS if connection.execute(f"SHOW {name}").fetchone() == ("0",)]
