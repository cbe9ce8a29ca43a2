"""What a migrate has left that was killed while it built an index concurrently.

PostgreSQL goes on building for whoever is gone, and what it does not finish keeps the name: each
deploy from then on would fail over an index that nothing uses.
"""

import re
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

BUILDS = re.compile(
    r'\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?"?([^\s"]+)"?\s',
    re.IGNORECASE,
)
# Among those who build it may be somebody by hand; ours have the name that this session has.
HALF = """
    SELECT relnamespace::regnamespace::text, relname, pid,
        application_name = current_setting('application_name')
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        LEFT JOIN pg_stat_progress_create_index ON index_relid = indexrelid
        LEFT JOIN pg_stat_activity USING (pid)
    WHERE relname = %s AND relkind = 'i' AND NOT indisvalid AND pg_table_is_visible(pg_class.oid)"""


def clear(
    statement: str, connection: psycopg.Connection[Any], tell: Callable[[str], object]
) -> None:
    """Drop the half built index that this statement would build; nothing if it builds none.

    `connection` commits by itself, and belongs to whose turn it is to migrate.
    """
    built = BUILDS.match(statement)
    half = built and connection.execute(HALF, [built[1]]).fetchone()
    if not half:
        return
    schema, name, builder, is_ours = half
    if builder and not is_ours:
        return
    tell(f"A migrate that was killed has left {name} half built: it is dropped, and built anew.")
    if builder:
        connection.execute("SELECT pg_terminate_backend(%s)", [builder])
    index = Identifier(schema, name)
    connection.execute(SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(index))
