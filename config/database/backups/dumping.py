"""Writing an export: pg_dump and the count of the rows see the same moment of the database."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection, transaction
from psycopg.sql import Identifier

from accounts.models import Attempt, Session
from config.database import clients
from config.database.backups import files, manifest, tables
from config.database.backups.manifest import Manifest, Part
from config.database.backups.progress import Progress
from config.database.limits import take_time
from config.database.reaching import reach
from config.database.target import parameters

# Rows that are worth nothing after a restore, or worse: with its row a session that was ended since
# would be signed in again.
WORTHLESS = (Session._meta.db_table, Attempt._meta.db_table, "cache")
PATIENCE = "30s"  # for which a table's lock is waited for, behind a migration

SNAPSHOT = """
    SELECT pg_export_snapshot(), transaction_timestamp(), current_database(),
        current_setting('server_version_num')::int"""


@dataclass(frozen=True)
class Wish:
    """What is to be exported."""

    part: Part = "all"
    tables: tuple[str, ...] = ()  # all, if none is named
    is_sql: bool = False
    everything: bool = False  # also the rows that are WORTHLESS


@dataclass(frozen=True)
class Export:
    """What was exported."""

    path: Path
    size: int  # bytes
    manifest: Manifest


def export(wish: Wish, folder: Path, database: dict[str, Any]) -> Export:
    """Write an export into the folder and return it.

    `database` is the entry of DATABASES that PostgreSQL's programs connect with; the rows are
    counted on Django's own connection. Raises CommandError; then nothing is left in the folder.
    """
    files.make_folder(folder)
    files.clear_leftovers(folder)
    with _snapshot() as (snapshot, taken, name, server):
        told = _manifest(wish, taken, name, server)
        path = folder / _file_name(told, wish)
        beside = (manifest.beside(path), manifest.checksums_beside(path))
        with files.gone_on_failure(path, *beside), files.whole(path) as part:
            _dump(part, parameters(database), [f"--snapshot={snapshot}", *_flags(wish, told)])
            _write_beside(path, part, told)
    return Export(path, path.stat().st_size, told)


@contextmanager
def _snapshot() -> Iterator[tuple[str, datetime, str, int]]:
    """Keep a moment of the database for this block; the transaction outlasts any timeout."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        take_time(cursor, lock_timeout=PATIENCE)
        cursor.execute(SNAPSHOT)
        yield cursor.fetchone()


def _manifest(wish: Wish, taken: datetime, name: str, server: int) -> Manifest:
    with connection.cursor() as cursor:
        rows = _chosen(tables.rows(cursor), wish)
        shapes = tables.shapes(cursor)
    takes_all = wish.everything or wish.tables or wish.part == "schema"
    left_out = [] if takes_all else [name for name in rows if _is_worthless(name)]
    empty = rows if wish.part == "schema" else left_out
    return Manifest(
        environment=settings.ENVIRONMENT,
        database=name,
        server=server,
        taken=taken.astimezone(UTC).isoformat(timespec="microseconds"),
        part=wish.part,
        tables=sorted(rows) if wish.tables else [],
        left_out=left_out,
        rows=rows | dict.fromkeys(empty, 0),
        shapes=shapes,
    )


def _chosen(rows: dict[str, int], wish: Wish) -> dict[str, int]:
    """Return those of the tables that are wished for; raises CommandError for one that is not."""
    if not wish.tables:
        return rows
    chosen = {}
    for name in wish.tables:
        full = next((one for one in rows if name in (one, one.partition(".")[2])), None)
        if not full:
            raise CommandError(f"There is no table {name}. There are: {', '.join(rows)}.")
        chosen[full] = rows[full]
    return chosen


def _is_worthless(table: str) -> bool:
    return table.partition(".")[2] in WORTHLESS


def _file_name(told: Manifest, wish: Wish) -> str:
    # To the microsecond, as another export may have begun in the same second.
    moment = datetime.fromisoformat(told.taken).strftime("%Y%m%dT%H%M%S.%fZ")
    part = {"all": "", "schema": "-schema", "data": "-data"}[told.part]
    some = f"-{len(told.tables)}-tables" if told.tables else ""
    kind = "sql" if wish.is_sql else "dump"
    return f"{told.database}-{told.environment}-{moment}{part}{some}.{kind}"


def _flags(wish: Wish, told: Manifest) -> list[str]:
    flags = ["--format=plain", "--no-privileges"] if wish.is_sql else ["--format=custom"]
    flags += ["--no-owner", "--no-tablespaces", f"--lock-wait-timeout={PATIENCE}"]
    flags += {"all": [], "schema": ["--schema-only"], "data": ["--data-only"]}[wish.part]
    flags += [f"--table={_quoted(name)}" for name in told.tables]
    return flags + [f"--exclude-table-data={_quoted(name)}" for name in told.left_out]


def _quoted(name: str) -> str:
    return Identifier(*name.split(".", 1)).as_string()


def _dump(part: files.Part, given: dict[str, Any], flags: list[str]) -> None:
    """Have pg_dump write into the file, and tell how far it is."""
    with reach(given) as served:
        program = clients.find("pg_dump", served)
    progress = Progress()
    # To stdout it would write its table of contents a second time, without saying where rows are.
    with clients.running(program, *flags, f"--file={part.path}", to=given) as run:
        while run.still_going(0.5):
            progress.reached(os.fstat(part.descriptor).st_size)
        progress.over()
        run.finish()


def _write_beside(path: Path, part: files.Part, told: Manifest) -> None:
    beside, text = manifest.beside(path), told.written()
    sums = {path.name: files.checksum(part.descriptor, Progress()), beside.name: files.sum_of(text)}
    files.write(beside, text)
    files.write_checksums(manifest.checksums_beside(path), sums)
