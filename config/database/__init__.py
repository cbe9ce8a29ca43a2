"""How the project meets PostgreSQL: connection settings here, the embedded server beside them."""

from typing import Any

import environ

from config.database import embedded
from config.env import SettingError

LONGEST_STATEMENT = 30  # seconds, in a request


def from_url(
    url: str, *, environment: str, pool_size: int, transaction_pooling: bool = False
) -> dict[str, Any]:
    """Return an entry of DATABASES for a postgres:// URL; if it is empty, the embedded server's.

    `pool_size` is the most connections one process may hold; with `transaction_pooling` they lead
    to a pooler that hands each transaction another one. Raises SettingError for another scheme.
    """
    database = _parse(url) if url else embedded.settings(_purpose(environment))
    database["CONN_HEALTH_CHECKS"] = True
    database["DISABLE_SERVER_SIDE_CURSORS"] = transaction_pooling
    database["OPTIONS"] = {
        **database.get("OPTIONS", {}),
        "application_name": f"groundwork-{environment}",
        "connect_timeout": 10,
        "pool": {
            "min_size": 0,
            "max_size": pool_size,
            "max_idle": 30,
            "timeout": 5,
            # A pool that cannot connect tries again after 1, 2, 4 … seconds, whoever asks: by
            # default the site would stay away for minutes after a long outage. Having given up,
            # it tries at once when the next request comes.
            "reconnect_timeout": 5,
        },
        # Statements used five times on a connection are prepared on it, if it stays the same.
        "server_side_binding": True,
        "prepare_threshold": None if transaction_pooling else 5,
    }
    return database


def limit_statements(database: dict[str, Any]) -> None:
    """Let PostgreSQL give up what takes a request longer than LONGEST_STATEMENT.

    It would go on after the visitor has left, and a few of these are all that a server can answer.
    Commands have no limit, nor has what DATABASE_URL gives `?options=`; a pooler may refuse them.
    """
    options = database["OPTIONS"]
    if options["prepare_threshold"] is not None:
        options.setdefault("options", f"-c statement_timeout={LONGEST_STATEMENT}s")


def _parse(url: str) -> dict[str, Any]:
    if not url.startswith(("postgres://", "postgresql://")):
        raise SettingError("DATABASE_URL must begin with postgres:// or postgresql://.")
    try:
        return dict(environ.Env.db_url_config(url))
    except ValueError as error:
        raise SettingError(
            "DATABASE_URL cannot be read; it must be postgres://user:password@host:port/name, "
            "with special characters in the password as %-escapes."
        ) from error


def _purpose(environment: str) -> embedded.Purpose:
    return "test" if environment == "test" else "development"
