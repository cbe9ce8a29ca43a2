"""The limits of PostgreSQL that end what has to be done to its end, lifted for a transaction."""

from typing import Any

# The last of these is known from PostgreSQL 17 on.
TAKE_TIME = """
    SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN %s ELSE '0' END, true)
    FROM pg_settings WHERE name IN (
        'lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout',
        'transaction_timeout'
    )"""


def take_time(cursor: Any, *, lock_timeout: str = "0") -> None:
    """Let the transaction take as long as it takes, whatever the role or the server says.

    It waits for a lock as long as this: '30s', and by default as long as it takes. The cursor is
    psycopg's, or Django's.
    """
    cursor.execute(TAKE_TIME, [lock_timeout])
