"""What differs between the database and the models, in sentences: pages and `db check` show them.

What a migration makes by SQL of its own is no difference, unless it is gone again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import models

from config.schema import catalog, expected, history
from config.schema.by_hand import ByHand, Made
from config.schema.catalog import Column, Constraint, Index, Table

DJANGOS_OWN = "django_migrations"  # made before any migration, without a model in the registry
UNCHECKED = " NOT VALID"


@dataclass(frozen=True)
class Difference:
    table: str
    part: str  # its column, constraint, index or trigger; empty for the table itself
    says: str

    def __str__(self) -> str:
        return f"{self.table}{'.' if self.part else ''}{self.part}: {self.says}"


def differences() -> list[Difference]:
    """Return them by table; none right after `migrate`. See `expected.read` for what it raises."""
    return compare(catalog.read(), expected.read(), ByHand(history.read().sql))


def compare(found: dict[str, Table], wanted: dict[str, Table], by_hand: ByHand) -> list[Difference]:
    """Return where the tables `found` are not as `wanted`, nor as SQL of a migration made them."""
    owners = catalog.models_by_table()
    told = [*_missing_by_hand(found, by_hand)]
    for name in sorted({*found, *wanted}):
        model = owners.get(name)
        if name not in found:
            if model and model._meta.managed:
                told.append(Difference(name, "", f"the model {model._meta.label} has no table"))
        elif model is None:
            told += _without_model(found[name], by_hand)
        elif model._meta.managed and name in wanted:
            told += _Comparison(found[name], wanted[name], model, by_hand).all()
    return sorted(told, key=lambda difference: difference.table)


def _without_model(table: Table, by_hand: ByHand) -> Iterator[Difference]:
    of_others = table.name == DJANGOS_OWN or table.extension or table.kind == "partition"
    is_made = any(Made(kind, table.name, "") in by_hand.made for kind in ("table", "view"))
    if not of_others and not is_made:
        yield Difference(table.name, "", f"no model and no migration knows this {table.kind}")


def _missing_by_hand(found: dict[str, Table], by_hand: ByHand) -> Iterator[Difference]:
    """Yield what migrations made and is nowhere now, though its table is."""
    there = {(kind, name) for name in found for kind in ("table", "view")}
    for table in found.values():
        there |= {("column", f"{table.name}.{one.name}") for one in table.columns}
        there |= {("constraint", one.name) for one in table.constraints}
        there |= {("index", one.name) for one in table.indexes}
        there |= {("trigger", one.name) for one in table.triggers}
    for made in sorted(by_hand.made):
        name = f"{made.table}.{made.name}" if made.kind == "column" else made.name
        if (made.kind, name) not in there and (not made.table or made.table in found):
            where = (made.table, made.name) if made.table else (made.name, "")
            yield Difference(*where, f"a migration made this {made.kind}, and it is gone")


@dataclass
class _Comparison:
    """One table as it is found beside the one that its model wants."""

    found: Table
    wanted: Table
    model: type[models.Model]
    by_hand: ByHand

    def all(self) -> list[Difference]:
        if self.found.kind not in ("table", "partitioned table"):
            return [self._tell("", f"the database has a {self.found.kind}, the model a table")]
        return [
            *self._comment("", self.found.comment, self.wanted.comment),
            *self._columns(),
            *self._pieces("constraint", self.found.constraints, self.wanted.constraints),
            *self._pieces("index", _plain(self.found.indexes), _plain(self.wanted.indexes)),
            *self._unfinished(),
            *self._triggers(),
        ]

    def _tell(self, part: str, says: str) -> Difference:
        return Difference(self.found.name, part, says)

    def _columns(self) -> Iterator[Difference]:
        found = {column.name: column for column in self.found.columns}
        wanted = {column.name: column for column in self.wanted.columns}
        for name in wanted:
            if name in found:
                yield from self._column(found[name], wanted[name])
            else:
                yield self._tell(name, f"the model has this {wanted[name].type}, no column does")
        for name in found:
            if (
                name not in wanted
                and Made("column", name, self.found.name) not in self.by_hand.made
            ):
                yield self._tell(name, "no field of the model is this column")

    def _column(self, found: Column, wanted: Column) -> Iterator[Difference]:
        if found.type != wanted.type and not self._is_key_of_nobody(found):
            yield self._both(found.name, found.type, wanted.type)
        if found.null != wanted.null:
            kinds = {True: "NULL", False: "NOT NULL"}
            yield self._both(found.name, kinds[found.null], kinds[wanted.null])
        if found.default != wanted.default:
            yield self._both(found.name, _default(found), _default(wanted))
        yield from self._comment(found.name, found.comment, wanted.comment)

    def _is_key_of_nobody(self, column: Column) -> bool:
        """Whether Django makes this key up: its migrations then take another size than its models.

        In a table of a ManyToManyField the models obey the app's default_auto_field and the
        migrations, which do not know of it, the project's.
        """
        return bool(self.model._meta.auto_created) and column.is_primary_key

    def _both(self, part: str, found: str, wanted: str) -> Difference:
        return self._tell(part, f"the database says {found}, the model {wanted}")

    def _comment(self, part: str, found: str, wanted: str) -> Iterator[Difference]:
        if found != wanted:
            here, there = (f"“{one}” as its" if one else "no" for one in (found, wanted))
            yield self._tell(part, f"the database has {here} comment, the model {there} comment")

    def _pieces(
        self,
        kind: str,
        found: Iterable[Constraint | Index],
        wanted: Iterable[Constraint | Index],
    ) -> Iterator[Difference]:
        """Compare by name, and what only Django has named by what it says."""
        found_ones = {one.name: one for one in found}
        wanted_ones = {one.name: one for one in wanted}
        extra = {name: one for name, one in found_ones.items() if name not in wanted_ones}
        for name, one in wanted_ones.items():
            if name in found_ones:
                if not _is_same(found_ones[name], one):
                    yield self._both(name, _written(found_ones[name]), _written(one))
            elif same := next((each for each in extra.values() if _is_same(each, one)), None):
                del extra[same.name]
                if name in self._named_by_model():
                    yield self._both(same.name, f"{kind} {same.name}", name)
            else:
                yield self._tell(name, f"the model has this {kind}, the database does not")
        for name in extra:
            if name not in self.by_hand.words:
                yield self._tell(name, f"neither model nor migration knows this {kind}")

    def _named_by_model(self) -> set[str]:
        return {one.name for one in (*self.model._meta.indexes, *self.model._meta.constraints)}

    def _unfinished(self) -> Iterator[Difference]:
        for index in self.found.indexes:
            if not index.is_valid:
                yield self._tell(index.name, "this index was never finished, nothing uses it")
        known = {one.name for one in self.wanted.constraints}
        for constraint in self.found.constraints:
            if constraint.name in known and constraint.definition.endswith(UNCHECKED):
                yield self._tell(constraint.name, "rows from before this constraint are unchecked")

    def _triggers(self) -> Iterator[Difference]:
        for trigger in self.found.triggers:
            if trigger.name not in self.by_hand.words:
                yield self._tell(trigger.name, "no migration knows this trigger")
            if not trigger.is_enabled:
                yield self._tell(trigger.name, "this trigger is switched off")


def _plain(indexes: Iterable[Index]) -> list[Index]:
    """Leave out those of constraints, which are compared themselves."""
    return [index for index in indexes if not index.is_of_constraint]


def _default(column: Column) -> str:
    return column.default or "no default"


def _is_same(one: Constraint | Index, other: Constraint | Index) -> bool:
    return _written(one) == _written(other)


def _written(one: Constraint | Index) -> str:
    """Return the definition without the name of an index, and whether rows were checked."""
    if isinstance(one, Index):
        before, _, after = one.definition.partition(" USING ")
        return f"{'UNIQUE ' if before.startswith('CREATE UNIQUE') else ''}{after}"
    return one.definition.removesuffix(UNCHECKED)
