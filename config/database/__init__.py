"""How the project meets PostgreSQL. Here: what DATABASE_URL becomes. Beside it, by what it is for:

to connect        target.py (where it leads), tls.py, patient/ (the engine), reaching.py, vitals.py,
                  embedded/ (the server of development and tests)
to make, destroy  guards.py (what has to hold before), origins.py (whose rows these may be),
                  making.py, preparing.py
to migrate        pending.py, plan/ (what would happen), migrating/ (how it happens), pushing/,
                  kept.py (what files said when they were applied), drift.py
to copy           backups/, clients.py (pg_dump and the like)
to take long      limits.py (of the server, lifted), interrupts.py (Ctrl-C and the like)
to be told        verbs/ (a module for each verb of `manage.py db`, and how they ask)

What a database is, and where it differs from the models, is config/schema/.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict

from config.database import embedded, tls
from config.database.target import KEYWORDS, in_use
from config.env import SettingError

SCHEMES = ("postgres://", "postgresql://")
ENTRY = {"HOST": "host", "PORT": "port", "NAME": "dbname", "USER": "user", "PASSWORD": "password"}
KINDS = {"gunicorn": "web", "runserver": "web", "deliver_mail": "worker"}
LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout")  # of requests

# A network that swallows packets is noticed within 20 seconds, also while nothing is sent.
NOTICE_SILENCE = {
    "keepalives_idle": 10,  # seconds
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}


class Pool(NamedTuple):
    """How each process keeps its connections; all but `size` in seconds."""

    size: int = 16  # at most
    idle: int = 30  # before one that nobody needs is closed
    lifetime: int = 60 * 60  # before one is replaced, so that a changed address is noticed
    wait: int = 5  # for one that is free
    connect: int = 10  # for the server to answer


def from_url(
    url: str,
    *,
    environment: str,
    pool: Pool | None = None,
    pooler: str = "none",
    demands: tls.Demands | None = None,
) -> dict[str, Any]:
    """Return an entry of DATABASES for a postgres:// URL; if it is empty, the embedded server's.

    With `pooler` "transaction" the connections lead to one that hands each transaction another
    connection. Raises SettingError for a URL that makes no sense, or asks for less than `demands`.
    """
    pool = pool or Pool()
    database = _entry(url, demands) if url else embedded.settings(_purpose(environment))
    is_pooled = pooler == "transaction"
    database["CONN_HEALTH_CHECKS"] = True
    database["DISABLE_SERVER_SIDE_CURSORS"] = is_pooled
    database["OPTIONS"] = {
        "application_name": f"groundwork-{environment}-{_process()}",
        "connect_timeout": pool.connect,
        **NOTICE_SILENCE,
        **database.get("OPTIONS", {}),
        "pool": {
            "min_size": 0,
            "max_size": pool.size,
            "max_idle": pool.idle,
            "max_lifetime": pool.lifetime,
            "timeout": pool.wait,
            # A pool that cannot connect tries again after 1, 2, 4 … seconds, whoever asks: by
            # default the site would stay away for minutes after a long outage. Having given up,
            # it tries at once when the next request comes.
            "reconnect_timeout": pool.wait,
        },
        # Statements used five times on a connection are prepared on it, if it stays the same.
        "server_side_binding": True,
        "prepare_threshold": None if is_pooled else 5,
    }
    if not is_pooled:
        own = in_use(_given(database)).get("options", "")
        database["OPTIONS"]["options"] = f"{_limits(0)} {own}".rstrip()
    return database


def for_requests(database: dict[str, Any], *, seconds: int) -> None:
    """Let PostgreSQL give up what takes a request longer than so many `seconds`.

    A statement would go on after the visitor has left, and a few of these are all that a server can
    answer; a transaction in which nothing happens keeps its locks from everybody. What DATABASE_URL
    gives as `?options=` wins. Commands have no limit, also where the role has one.

    A pooler lends connections that are there already, so it is asked for nothing: the role has the
    limits then, and `db ping` looks whether it has.
    """
    options = database["OPTIONS"]
    if "options" in options:
        options["options"] = options["options"].replace(_limits(0), _limits(seconds), 1)


def _limits(seconds: int) -> str:
    return " ".join(f"-c {name}={seconds}s" for name in LIMITS)


def _given(database: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of libpq in an entry of DATABASES."""
    options = {key: value for key, value in database["OPTIONS"].items() if key in KEYWORDS}
    return options | {name: database[key] for key, name in ENTRY.items() if database[key]}


def _entry(url: str, demands: tls.Demands | None) -> dict[str, Any]:
    given = _parse(url)
    if demands:
        given |= demands.of(given)
    entry = {key: given.pop(name, "") for key, name in ENTRY.items()}
    return {"ENGINE": "config.database.patient", **entry, "OPTIONS": given}


def _parse(url: str) -> dict[str, Any]:
    """Return the parameters of libpq in the URL."""
    if not url.startswith(SCHEMES):
        raise SettingError("DATABASE_URL must begin with postgres:// or postgresql://.")
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # whose words may have the password in them
        given = {"port": "unreadable"}
    ports = str(given.get("port", "")).split(",")
    # A / in a password ends the host, and what follows would be shown as the database's name.
    is_cut = "@" in url.partition("://")[2].partition("/")[2].partition("?")[0]
    # An @ in one ends it, and the rest would be shown as a part of the host's name.
    is_cut |= any("@" in host[1:] for host in str(given.get("host", "")).split(","))
    if is_cut or not all(port.isdecimal() and 0 < int(port) < 65_536 for port in ports if port):
        raise SettingError(
            "DATABASE_URL cannot be read; it must be postgres://user:password@host:port/name, "
            "with special characters in the password as %-escapes, and no parameters after a ? "
            "but PostgreSQL's own."
        )
    if not (given.get("dbname") or given.get("service")):
        raise SettingError("DATABASE_URL names no database; it must end with one, as …/name.")
    return given


def _process() -> str:
    """Return what PostgreSQL's lists of sessions call this process: 'web', 'worker', a command."""
    program, *arguments = sys.argv
    file = Path(program)
    name = file.parent.name if file.stem == "__main__" else file.stem
    if name == "manage" and arguments:
        name = "-".join(arguments[:2] if arguments[0] == "db" else arguments[:1])
    return KINDS.get(name, name)


def _purpose(environment: str) -> embedded.Purpose:
    return "test" if environment == "test" else "development"
