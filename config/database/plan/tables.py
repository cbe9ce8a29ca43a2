"""What the database holds at each point of a plan: read once, then followed by its statements."""

import re
from dataclasses import dataclass, field
from functools import cached_property

from django.db import ProgrammingError, connection, transaction
from psycopg import sql

from config.database.plan import statements
from config.schema import catalog
from config.schema.catalog import Column, Constraint, Index, Table

SMALL = 8 * 2**20  # bytes that are read, or written anew, in a tenth of a second or so
# What `migrate` itself fills, and would fill again: rows of nobody.
MADE_BY_MIGRATE = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "accounts_setuptoken",
    "config_migrationfile",
}

# Alike as long as the session's time zone is UTC, as Django's is (ALTER TABLE does not say so, but
# its source: TimestampTimestampTzRequiresRewrite).
WITH, WITHOUT = "timestamp with time zone", "timestamp without time zone"
TIMESTAMPS = {(WITH, WITHOUT), (WITHOUT, WITH)}


@dataclass(frozen=True)
class Size:
    """How much a table holds, as a step meets it."""

    table: str
    rows: int | None  # PostgreSQL's estimate; None until it has counted
    bytes: int
    is_new: bool = False  # made in the same plan

    @property
    def is_small(self) -> bool:
        return self.bytes <= SMALL

    def __str__(self) -> str:
        if self.is_new:
            return "new"
        rows = "rows not counted yet" if self.rows is None else _counted(self.rows)
        return f"{rows}, {_measured(self.bytes)}"


@dataclass
class Tables:
    """The tables by name, as they are once the statements read so far were run."""

    known: dict[str, Table] = field(default_factory=catalog.read)
    new: set[str] = field(default_factory=set)  # made in this plan, and still without rows
    added: set[tuple[str, str]] = field(default_factory=set)  # columns, in this plan
    functions: set[str] = field(default_factory=set)  # made in this plan
    _empty: dict[str, bool] = field(default_factory=dict)  # by the name the database knows
    _names: dict[str, str] = field(default_factory=dict)  # what was renamed, to its present name

    def size(self, name: str) -> Size:
        table = self.known.get(name)
        if table is None:
            return Size(name, None, 0)
        return Size(name, table.rows, table.size, name in self.new)

    def holds_rows(self, name: str) -> bool:
        """Whether there is something to lose: looked up, as an estimate may say 0 and be wrong."""
        if name in self.new or name not in self.known:
            return False
        stored = self._names.get(name, name)
        if stored not in self._empty:
            self._empty[stored] = _is_empty(stored)
        return not self._empty[stored]

    @cached_property
    def hold_nothing(self) -> bool:
        """Whether the database has no row of anybody, so that nothing is lost, whatever is run."""
        return not any(
            self.holds_rows(name)
            for name, table in self.known.items()
            if name not in MADE_BY_MIGRATE and table.kind in ("table", "partitioned table")
        )

    def column(self, table: str, name: str) -> Column | None:
        columns = self.known[table].columns if table in self.known else []
        return next((one for one in columns if one.name == name), None)

    def nullable(self, table: str) -> set[str]:
        return {one.name for one in self.known[table].columns if one.null}

    def replace_column(self, table: str, name: str, column: Column | None) -> None:
        """Put another in the place of a column, or none."""
        if table in self.known:
            columns = self.known[table].columns
            changed = [column if one.name == name else one for one in columns]
            columns[:] = [one for one in changed if one]

    def is_checked_not_null(self, table: str, column: str) -> bool:
        """Whether a check that is in force says so: alone, as one inside an OR would not do."""
        says = f"CHECK ({column} IS NOT NULL)"
        return any(one.definition.replace('"', "") == says for one in self._constraints(table))

    def is_in_check(self, table: str, column: str) -> bool:
        return any(
            one.definition.startswith("CHECK") and _mentions(one.definition, column)
            for one in self._constraints(table)
        )

    def has_index_with_expression(self, table: str, column: str) -> bool:
        """Whether an index has this column in an expression or a condition."""
        indexes = self.known[table].indexes if table in self.known else []
        return any(_mentions(part, column) for one in indexes for part in _expressions(one))

    def with_index(self, index: str) -> str:
        """Return the table that an index is on, or nothing if nobody knows."""
        for name, table in self.known.items():
            if any(one.name == index for one in table.indexes):
                return name
        return ""

    def pointed_at(self, table: str, *, column: str = "", constraint: str = "") -> list[str]:
        """Return the tables that its foreign keys lead to; of one column, or one by its name."""
        keys = self.known[table].foreign_keys if table in self.known else []
        return [
            key.to_table
            for key in keys
            if key.to_table != table
            and (not column or column in key.columns)
            and (not constraint or key.name == constraint)
        ]

    @cached_property
    def stored_alike(self) -> set[tuple[str, str]]:
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

    @cached_property
    def checked_domains(self) -> set[str]:
        """Return the domains with a constraint, which PostgreSQL looks at row by row."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT typname FROM pg_type WHERE typtype = 'd' AND (typnotnull OR EXISTS "
                "(SELECT FROM pg_constraint WHERE contypid = pg_type.oid))"
            )
            return {name for (name,) in cursor.fetchall()}

    def is_volatile(self, expression: str) -> bool:
        """Whether it calls a function that may say something else for each row."""
        called = {name.lower() for name in re.findall(r'(\w+)"? ?\(', expression)}
        if called & self.functions:  # nobody knows those before they are made
            return True
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_proc WHERE proname = ANY (%s) "
                "AND provolatile = 'v' AND pg_function_is_visible(oid))",
                [sorted(called)],
            )
            (is_volatile,) = cursor.fetchone()
        return bool(is_volatile)

    def keys_of(self, table: str, column: str) -> list[str]:
        """Return the tables that foreign keys tie to this column, in either direction."""
        here = self.known[table].pointing_here if table in self.known else []
        away = [key.table for key in here if column in key.to_columns and key.table != table]
        return [*self.pointed_at(table, column=column), *away]

    def neighbors(self, table: str) -> list[str]:
        """Return the tables that foreign keys tie to this one, in either direction."""
        here = self.known[table].pointing_here if table in self.known else []
        return [*self.pointed_at(table), *(key.table for key in here if key.table != table)]

    def reached_from(self, tables: list[str]) -> list[str]:
        """Return these, and all that point at them, or at those that do."""
        reached = [*tables]
        for name in reached:  # which grows meanwhile
            here = self.known[name].pointing_here if name in self.known else []
            reached += {key.table for key in here} - {*reached}
        return reached

    def rename(self, table: str, name: str) -> None:
        if table in self.known:
            self.known[name] = self.known.pop(table)
            self._names[name] = self._names.pop(table, table)
        if table in self.new:
            self.new.remove(table)
            self.new.add(name)

    def _constraints(self, table: str) -> list[Constraint]:
        return self.known[table].constraints if table in self.known else []


def _expressions(index: Index) -> list[str]:
    """Return what of an index is no plain column."""
    columns, _, condition = index.definition.partition(" WHERE ")
    inside = columns.partition(" USING ")[2].partition("(")[2].rpartition(")")[0]
    return [*(part for part in statements.parts(inside) if "(" in part), condition]


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def _is_empty(table: str) -> bool:
    query = sql.SQL("SELECT NOT EXISTS (SELECT FROM {})").format(sql.Identifier(table))
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(query)
            (is_empty,) = cursor.fetchone()
    except ProgrammingError:  # this role may not read it
        return False
    return bool(is_empty)


def _counted(rows: int) -> str:
    if rows == 1:
        return "1 row"
    return f"{rows:,} rows" if rows < 1_000_000 else f"{rows / 1_000_000:.1f} million rows"


def _measured(size: int) -> str:
    for unit, factor in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if size >= factor:
            number = size / factor
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{size} bytes" if size else "empty"
