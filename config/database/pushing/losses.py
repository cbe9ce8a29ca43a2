"""What rows and values a roll-back would lose: it is tried, and taken back."""

from collections.abc import Callable, Iterator

from django.db import connection, transaction
from psycopg import sql

from config.database.wording import many

COLUMNS = """
    SELECT attrelid, attnum, relname, attname, format_type(atttypid, atttypmod)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
        AND nspname NOT IN ('pg_catalog', 'information_schema')"""

type Column = tuple[str, str, str]  # table, name and type


def of(take_back: Callable[[], object]) -> list[str]:
    """Return a line for each table with rows and each column with values that it would lose."""
    with transaction.atomic():
        before = _columns()
        take_back()
        after = _columns()
        transaction.set_rollback(True)
    return [*_lost(before, after)]


def _columns() -> dict[tuple[int, int], Column]:
    """Return all columns by what stays the same when they are renamed."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        return {(table, number): told for table, number, *told in cursor.fetchall()}


def _lost(
    before: dict[tuple[int, int], Column], after: dict[tuple[int, int], Column]
) -> Iterator[str]:
    tables = {table for table, _ in after}
    gone = {table: told[0] for (table, _), told in before.items() if table not in tables}
    for name in sorted(gone.values()):
        if rows := _count("SELECT count(*) FROM {}", name):
            yield f"{many(rows, 'row')} of {name}"
    for (table, number), (name, column, kind) in sorted(before.items()):
        left = after.get((table, number))
        if table in gone or (left and left[2] == kind):
            continue
        if values := _count("SELECT count({1}) FROM {0}", name, column):
            becomes = f", which becomes {left[2]} again" if left else ""
            yield f"{many(values, 'value')} of {name}.{column}{becomes}"


def _count(question: str, *names: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(question).format(*map(sql.Identifier, names)))
        return cursor.fetchone()[0]
