"""What PostgreSQL says of its tables: the shape in which the rest of config.schema reads it."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.apps import apps
from django.apps.registry import Apps
from django.db import connection, models, transaction

from config.schema import queries

IN_TEMPORARY = re.compile(r"\bpg_temp(_\d+)?\.")
# What `x IN ('a', 'b')` says of a varchar, once pg_dump has written it down and it was read back.
TEXT = r"'(?:[^']|'')*'::character varying"
RESTORED = re.compile(rf"\bARRAY\[({TEXT}::text(?:, {TEXT}::text)*)\]")
PATIENCE = "2s"  # to wait for a migration that holds a table: its size cannot be asked meanwhile


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key; both of its tables know it: as their own, or as one that points here."""

    name: str
    table: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]
    on_delete: str  # CASCADE, RESTRICT, SET NULL, SET DEFAULT, NO ACTION


@dataclass(frozen=True)
class Column:
    name: str
    type: str  # as PostgreSQL writes it: character varying(254)
    null: bool
    default: str  # an SQL expression, how it is generated, or nothing
    is_primary_key: bool  # or a part of it
    is_unique: bool  # alone
    comment: str = ""
    detail: str = ""  # the values of an enum, the type under a domain


@dataclass(frozen=True)
class Constraint:
    name: str
    kind: str  # primary key, unique, check, foreign key, exclusion
    definition: str


@dataclass(frozen=True)
class Index:
    name: str
    definition: str
    size: int  # bytes
    scans: int  # how often it was used, since the statistics were last reset
    is_valid: bool = True  # one whose building was interrupted is not
    is_of_constraint: bool = False


@dataclass(frozen=True)
class Trigger:
    name: str
    definition: str
    is_enabled: bool


Piece = Constraint | Index | Trigger


@dataclass
class Table:
    name: str
    app: str  # the label of the app whose model it is; empty for a table of nobody's
    model: str  # 'Entry'; empty without one
    rows: int | None  # PostgreSQL's estimate; None until it has counted
    size: int  # bytes, with indexes and TOAST
    columns: list[Column] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    pointing_here: list[ForeignKey] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    kind: str = "table"  # partitioned table, partition, view, materialized view, foreign table
    is_unlogged: bool = False  # a crash empties it
    comment: str = ""
    extension: str = ""  # the PostgreSQL extension that it belongs to
    definition: str = ""  # of a view, its query


@dataclass(frozen=True)
class Function:
    name: str
    definition: str  # arguments, result, language and what else it says of itself
    body: str  # letter by letter as it was written
    has_settings: bool  # SET …, as of a search path that nobody can turn away


class Schema(NamedTuple):
    tables: dict[str, Table]
    functions: dict[str, list[Function]]  # of which several may have one name


class Server(NamedTuple):
    database: str
    version: str
    counts_since: datetime | None  # when the statistics were last reset, if ever


def read() -> dict[str, Table]:
    """Return the tables of the search path by their names, in the same few statements for any.

    Raises OperationalError while a migration holds one of them for longer than PATIENCE.
    """
    return _read(queries.VISIBLE)


def read_schema() -> Schema:
    """Return the functions of the search path, too, without those of extensions."""
    return Schema(read(), _functions(queries.VISIBLE_FUNCTION))


def read_temporary() -> Schema:
    """Return the temporary tables and functions of this connection."""
    return Schema(_read(queries.TEMPORARY), _functions(queries.TEMPORARY_FUNCTION))


def server() -> Server:
    with connection.cursor() as cursor:
        cursor.execute(queries.SERVER)
        return Server(*cursor.fetchone())


@contextmanager
def only_reading() -> Iterator[None]:
    """Let PostgreSQL refuse, in this block, any write and to wait for a lock beyond PATIENCE."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        yield
        transaction.set_rollback(True)  # so that a transaction around it may write again


def models_by_table(registry: Apps = apps) -> dict[str, type[models.Model]]:
    """Return each table's model; of two on one table the one that `migrate` made it for."""
    every = [one for one in registry.get_models(include_auto_created=True) if not one._meta.proxy]
    every.sort(key=lambda model: model._meta.managed)
    return {model._meta.db_table: model for model in every}


def _read(which: str) -> dict[str, Table]:
    shown = queries.SHOWN.format(which=which)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")

        def rows(query: str) -> Iterator[tuple[Any, ...]]:
            cursor.execute(query.format(shown=shown, which=which))
            return (_as_first_written(row) for row in cursor.fetchall())

        tables = _tables(rows(queries.TABLES))
        # What appeared since the first statement is left for the next time.
        for name, *column in rows(queries.COLUMNS):
            if table := tables.get(name):
                table.columns.append(Column(*column))
        for row in rows(queries.CONSTRAINTS):
            _add_constraint(tables, *row)
        for name, *index in rows(queries.INDEXES):
            if table := tables.get(name):
                table.indexes.append(Index(*index))
        for name, *trigger in rows(queries.TRIGGERS):
            if table := tables.get(name):
                table.triggers.append(Trigger(*trigger))
    return tables


def _as_first_written(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Let a definition name temporary functions as if they were none, and be as before a restore.

    PostgreSQL writes `ARRAY['a'::character varying]::text[]`. Read back, that is an array of texts,
    and from then on it writes `ARRAY['a'::character varying::text]`.
    """
    return tuple(_written(one) if isinstance(one, str) else one for one in row)


def _written(definition: str) -> str:
    return RESTORED.sub(
        lambda array: f"ARRAY[{re.sub(f'({TEXT})::text', r'\1', array[1])}]::text[]",
        IN_TEMPORARY.sub("", definition),
    )


def _functions(which: str) -> dict[str, list[Function]]:
    found: defaultdict[str, list[Function]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(queries.FUNCTIONS.format(which=which))
        for row in cursor.fetchall():
            found[row[0]].append(Function(*row))
    return dict(found)


def _tables(rows: Iterator[tuple[Any, ...]]) -> dict[str, Table]:
    owners = models_by_table()
    tables = {}
    for name, kind, is_unlogged, comment, extension, definition, count, size in rows:
        options = owners[name]._meta if name in owners else None
        tables[name] = Table(
            name,
            app=options.app_label if options else "",
            model=options.object_name or "" if options else "",
            rows=count,
            size=size,
            kind=kind,
            is_unlogged=is_unlogged,
            comment=comment,
            extension=extension,
            definition=definition,
        )
    return tables


def _add_constraint(
    tables: dict[str, Table],
    table: str,
    name: str,
    kind: str,
    definition: str,
    columns: list[str],
    to_table: str,
    to_columns: list[str],
    on_delete: str,
) -> None:
    if table in tables:
        tables[table].constraints.append(Constraint(name, kind, definition))
    if kind == "foreign key":
        key = ForeignKey(name, table, tuple(columns), to_table, tuple(to_columns), on_delete)
        if table in tables:
            tables[table].foreign_keys.append(key)
        if to_table in tables:
            tables[to_table].pointing_here.append(key)
