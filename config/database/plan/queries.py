"""What only PostgreSQL itself knows of values, types and functions."""

from collections.abc import Iterable

from django.db import ProgrammingError, connection, transaction
from psycopg import sql

# Alike as long as the session's time zone is UTC, as Django's is. ALTER TABLE's documentation does
# not say so, but its source: TimestampTimestampTzRequiresRewrite.
WITH, WITHOUT = "timestamp with time zone", "timestamp without time zone"
# Volatile, as they return something else each time, and otherwise without effect; some are of the
# extensions pgcrypto and uuid-ossp.
HARMLESS = [
    *("clock_timestamp", "timeofday", "random", "random_normal", "nextval", "currval", "lastval"),
    *("gen_random_uuid", "uuidv4", "uuidv7", "gen_random_bytes", "gen_salt", "pg_sleep"),
    *("uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4"),
]
TIMESTAMPS = {(WITH, WITHOUT), (WITHOUT, WITH)}


def is_empty(table: str) -> bool:
    """Whether a table of the search path has no row; False if this role may not see them all."""
    query = sql.SQL("SELECT NOT EXISTS (SELECT FROM {})").format(sql.Identifier(table))
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL row_security = off")  # fails rather than to hide rows
            cursor.execute(query)
            (found,) = cursor.fetchone()
    except ProgrammingError:
        return False
    return bool(found)


def stored_alike() -> set[tuple[str, str]]:
    """Return the pairs of types of which one is stored like the other (pg_cast)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format_type(castsource, NULL), format_type(casttarget, NULL) "
            "FROM pg_cast WHERE castmethod = 'b'"
        )
        pairs = set(cursor.fetchall())
        cursor.execute("SHOW TimeZone")
        (zone,) = cursor.fetchone()
    return pairs | TIMESTAMPS if zone == "UTC" else pairs


def checked_domains() -> set[str]:
    """Return the domains with a constraint, which PostgreSQL looks at row by row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT typname FROM pg_type WHERE typtype = 'd' AND (typnotnull OR EXISTS "
            "(SELECT FROM pg_constraint WHERE contypid = pg_type.oid))"
        )
        return {name for (name,) in cursor.fetchall()}


def any_is_volatile(functions: Iterable[str]) -> bool:
    """Whether one of these may return something else for each row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_proc WHERE proname = ANY (%s) AND provolatile = 'v')",
            [sorted(functions)],
        )
        (found,) = cursor.fetchone()
    return bool(found)


def any_writes(functions: Iterable[str], operators: Iterable[str]) -> bool:
    """Whether one of these may change what is in tables: PostgreSQL lets only volatile ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_proc JOIN pg_language ON pg_language.oid = prolang "
            "WHERE (proname = ANY (%s) "
            "OR pg_proc.oid IN (SELECT oprcode FROM pg_operator WHERE oprname = ANY (%s))) "
            "AND provolatile = 'v' AND NOT (lanname IN ('internal', 'c') AND proname = ANY (%s)))",
            [sorted(functions), sorted(operators), HARMLESS],
        )
        (found,) = cursor.fetchone()
    return bool(found)


def any_has_tables(extensions: Iterable[str]) -> bool:
    """Whether one of these extensions has brought tables along."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_depend JOIN pg_extension ON pg_extension.oid = refobjid "
            "JOIN pg_class ON pg_class.oid = objid "
            "WHERE extname = ANY (%s) AND deptype = 'e' AND relkind IN ('r', 'p'))",
            [sorted(extensions)],
        )
        (found,) = cursor.fetchone()
    return bool(found)
