"""What each migration's file said when it was applied, so that a later edit is seen.

Whoever edits a file that has run changes what the next database becomes, and not this one.
"""

import ast
import hashlib
import sys
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from config.models import MigrationFile

Key = tuple[str, str]  # app and name
READ = ("id", "app", "name", "applied", "fingerprint")


def keep() -> None:
    """Record the files of what has been applied since the last time, and forget what no more is.

    To be called after each run of `migrate`, also after one that failed. What was applied before
    there was a record is recorded as it is now. Records are never changed, but by `accept` or when
    a migration has been taken back and applied anew.
    """
    if not _has(str(field.column) for field in MigrationFile._meta.concrete_fields):
        return
    files = _files()
    applied = _applied()
    kept = _kept()
    new = [
        MigrationFile(app=key[0], name=key[1], applied=time, fingerprint=fingerprint(file))
        for key, time in applied.items()
        if (file := files.get(key)) and not _is_current(kept.get(key), time)
    ]
    with transaction.atomic():
        MigrationFile.objects.filter(
            pk__in=[row.pk for key, row in kept.items() if key not in applied]
        ).delete()
        _write(new)


def accept(app: str, name: str) -> None:
    """Take the file as it is now for the one that was applied: the edit changes no database.

    Raises KeyError if there is no such file, or it is not applied.
    """
    files = _files()
    applied = _applied()[app, name]
    written = fingerprint(files[app, name])
    _write([MigrationFile(app=app, name=name, applied=applied, fingerprint=written)])


def edited(files: dict[Key, Migration], applied: dict[Key, datetime | None]) -> set[Key]:
    """Return which of the applied ones say something else by now than when they were applied."""
    if not _has(READ):
        return set()
    return {
        key
        for key, row in _kept().items()
        if key in files
        and _is_current(row, applied.get(key))
        and row.fingerprint != fingerprint(files[key])
    }


def fingerprint(migration: Migration) -> str:
    """Return a hash of what its file says now, whatever its layout.

    That is its code as Python reads it, without comments, docstrings, line ends and the ways to
    write one string: a formatter edits nothing. `replaces` of a squashed migration is left out,
    which is to be removed in the end. All the rest counts, with each letter of the SQL in it, as
    PostgreSQL keeps the body of a function letter by letter. What a file imports does not.
    """
    path = Path(str(sys.modules[migration.__module__].__file__))
    return _fingerprint(path, path.stat().st_mtime_ns)


@cache
def _fingerprint(path: Path, changed: int) -> str:
    text = path.read_bytes()
    try:
        said = _shape(ast.parse(text)).encode()
    except (SyntaxError, ValueError):  # edited, while this process still runs what it was
        said = text
    return hashlib.sha256(said).hexdigest()


def _shape(node: Any) -> str:
    """Write a syntax tree down in a way that stays the same from one Python to the next."""
    if isinstance(node, list):
        return "[" + ",".join(_shape(one) for one in node if not _says_nothing(one)) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, value) for name, value in ast.iter_fields(node) if name != "kind")
    said = [f"{name}={_shape(value)}" for name, value in fields if value not in (None, [])]
    return f"{type(node).__name__}({','.join(said)})"


def _says_nothing(node: Any) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()):  # a docstring
            return True
        case ast.Assign(targets=[ast.Name(id="replaces")]):
            return True
    return False


def _has(columns: Iterable[str]) -> bool:
    """Whether the table has these: `migrate` may not have reached them, or have taken them back."""
    wanted = list(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_attribute"
            " WHERE attrelid = to_regclass(%s) AND attname = ANY (%s) AND NOT attisdropped",
            [MigrationFile._meta.db_table, wanted],
        )
        return cursor.fetchone() == (len(wanted),)


def _files() -> dict[Key, Migration]:
    loader = MigrationLoader(connection, load=False)
    loader.load_disk()
    return dict(loader.disk_migrations or {})


def _applied() -> dict[Key, datetime]:
    records = MigrationRecorder(connection).applied_migrations()
    return {key: record.applied for key, record in records.items()}


def _kept() -> dict[Key, MigrationFile]:
    return {(row.app, row.name): row for row in MigrationFile.objects.only(*READ)}


def _is_current(row: MigrationFile | None, applied: datetime | None) -> bool:
    return row is not None and row.applied == applied


def _write(rows: list[MigrationFile]) -> None:
    MigrationFile.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["app", "name"],
        update_fields=["applied", "fingerprint"],
    )
