"""What the database holds at each point of a plan: read once, then followed by its statements."""

import re
from dataclasses import dataclass, field
from functools import cached_property

from config.database.plan import names, queries
from config.database.plan.sizes import Size
from config.schema import catalog, statements
from config.schema.catalog import Column, Index, Table

# What `migrate` itself fills, and would fill again: rows of nobody.
MADE_BY_MIGRATE = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "accounts_setuptoken",
    "config_migrationfile",
}


@dataclass
class Tables:
    """The tables by name, as they are once the statements read so far were run."""

    known: dict[str, Table] = field(default_factory=catalog.read)
    new: set[str] = field(default_factory=set)  # made in this plan, and still without rows
    added: set[tuple[str, str]] = field(default_factory=set)  # columns, in this plan
    functions: set[str] = field(default_factory=set)  # made in this plan
    _empty: dict[str, bool] = field(default_factory=dict)  # by the name that the database knows
    _former: dict[str, str] = field(default_factory=dict)  # from a new name to that one

    def size(self, name: str) -> Size:
        table = self.known.get(name)
        if table is None:
            return Size(name, rows=None, bytes=None)
        is_wrong = table.rows == 0 and self._empty.get(self._former.get(name, name)) is False
        return Size(name, None if is_wrong else table.rows, table.size, name in self.new)

    def holds_rows(self, name: str) -> bool:
        """Whether there is something to lose: looked up, as an estimate may say 0 and be wrong."""
        if name in self.new:
            return False
        if name not in self.known:  # in another schema, or not as we read it
            return True
        stored = self._former.get(name, name)
        if stored not in self._empty:
            self._empty[stored] = queries.is_empty(stored)
        return not self._empty[stored]

    @cached_property
    def hold_nothing(self) -> bool:
        """Whether the database has no row of anybody, so that nothing is lost, whatever is run."""
        return not any(
            self.holds_rows(name)
            for name, table in self.known.items()
            if name not in MADE_BY_MIGRATE and table.kind in ("table", "partitioned table")
        )

    @cached_property
    def stored_alike(self) -> set[tuple[str, str]]:
        return queries.stored_alike()

    @cached_property
    def checked_domains(self) -> set[str]:
        return queries.checked_domains()

    def is_volatile(self, expression: str) -> bool:
        """Whether it calls a function that may return something else for each row."""
        called = names.called(expression)
        # Nobody knows those that this plan makes before they are made.
        return bool(called & self.functions) or queries.any_is_volatile(called)

    def may_do_anything(self, text: str) -> bool:
        """Whether it calls a function, perhaps by an operator, that may change other tables."""
        called = names.called(text)
        return bool(called & self.functions) or queries.any_writes(called, names.operators(text))

    def make(self, name: str) -> None:
        self.known[name] = Table(name, app="", model="", rows=0, size=0)
        self.new.add(name)

    def drop(self, name: str) -> None:
        self.known.pop(name, None)
        self.new.discard(name)

    def fill(self, name: str) -> None:
        """From now on there may be rows in it."""
        self.new.discard(name)
        self._empty[self._former.get(name, name)] = False

    def rename(self, table: str, name: str) -> None:
        if table in self.known:
            self.known[name] = self.known.pop(table)
            self._former[name] = self._former.pop(table, table)
        if table in self.new:
            self.new.remove(table)
            self.new.add(name)

    def table(self, name: str) -> Table:
        """Return what is known of it; of one that nobody knows an empty description."""
        return self.known.get(name) or Table(name, app="", model="", rows=None, size=0)

    def column(self, table: str, name: str) -> Column | None:
        return next((one for one in self.table(table).columns if one.name == name), None)

    def replace_column(self, table: str, name: str, column: Column | None) -> None:
        """Put another in the place of a column, or none."""
        columns = self.table(table).columns
        changed = [column if one.name == name else one for one in columns]
        columns[:] = [one for one in changed if one]

    def nullable(self, table: str) -> set[str]:
        return {one.name for one in self.table(table).columns if one.null}

    def is_checked_not_null(self, table: str, column: str) -> bool:
        """Whether a check that is in force says so: alone, as one inside an OR would not do."""
        says = f"CHECK ({column} IS NOT NULL)"
        constraints = self.table(table).constraints
        return any(one.definition.replace('"', "") == says for one in constraints)

    def is_in_check(self, table: str, column: str) -> bool:
        return any(
            one.definition.startswith("CHECK") and _mentions(one.definition, column)
            for one in self.table(table).constraints
        )

    def has_index_with_expression(self, table: str, column: str) -> bool:
        """Whether an index has this column in an expression or a condition."""
        indexes = self.table(table).indexes
        return any(_mentions(part, column) for one in indexes for part in _expressions(one))

    def with_index(self, index: str) -> str:
        """Return the table that an index is on, or nothing if nobody knows."""
        for name, table in self.known.items():
            if any(one.name == index for one in table.indexes):
                return name
        return ""

    def pointed_at(self, table: str, *, column: str = "", constraint: str = "") -> list[str]:
        """Return the tables that its foreign keys lead to; of one column, or one by its name."""
        return [
            key.to_table
            for key in self.table(table).foreign_keys
            if self._is_another(key.to_table, table)
            and (not column or column in key.columns)
            and (not constraint or key.name == constraint)
        ]

    def neighbors(self, table: str, *, column: str = "") -> list[str]:
        """Return the tables that foreign keys tie to it, or to one column, in either direction."""
        here = self.table(table).pointing_here
        away = [key.table for key in here if not column or column in key.to_columns]
        others = [one for one in away if self._is_another(one, table)]
        return [*self.pointed_at(table, column=column), *others]

    def reached_from(self, tables: list[str]) -> list[str]:
        """Return these, and all that point at them, or at those that do."""
        reached = [*tables]
        for name in reached:  # which grows meanwhile
            reached += {key.table for key in self.table(name).pointing_here} - {*reached}
        return reached

    def _is_another(self, name: str, table: str) -> bool:
        """Whether a table is still there, and another one; those of other schemas are."""
        return name != table and (name in self.known or "." in name)


def _expressions(index: Index) -> list[str]:
    """Return what of an index is no plain column."""
    columns, _, condition = index.definition.partition(" WHERE ")
    inside = columns.partition(" USING ")[2].partition("(")[2].rpartition(")")[0]
    return [*(part for part in statements.parts(inside) if "(" in part), condition]


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None
