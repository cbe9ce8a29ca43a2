"""One table as it is found beside the one that the migrations want: what differs, in sentences."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import models

from config.schema import remedies
from config.schema.by_hand import ByHand, Made
from config.schema.catalog import Column, Index, Piece, Table

UNCHECKED = " NOT VALID"


@dataclass(frozen=True)
class Difference:
    table: str  # or the function
    part: str  # its column, constraint, index or trigger; empty for the table itself
    says: str
    kind: str = "table"  # table, view, column, constraint, index, trigger, function, comment
    remedy: str = ""  # SQL that puts it back without losing a row, where there is any

    def __str__(self) -> str:
        return f"{self.table}{'.' if self.part else ''}{self.part}: {self.says}"


@dataclass
class Comparison:
    """`model` is whose table it is, if anybody's: SQL of a migration makes tables, too."""

    found: Table
    wanted: Table
    model: type[models.Model] | None
    by_hand: ByHand

    def all(self) -> list[Difference]:
        if self.found.kind == self.wanted.kind == "view":
            return list(self._view())
        if self.found.kind not in ("table", "partitioned table"):
            says = f"the database has a {self.found.kind}, the model a table"
            return [Difference(self.found.name, "", says)]
        return [
            *self._comment("", self.found.comment, self.wanted.comment),
            *self._columns(),
            *self._pieces("constraint", self.found.constraints, self.wanted.constraints),
            *self._pieces("index", _plain(self.found.indexes), _plain(self.wanted.indexes)),
            *self._pieces("trigger", self.found.triggers, self.wanted.triggers),
            *self._unfinished(),
        ]

    def _view(self) -> Iterator[Difference]:
        if self.found.definition != self.wanted.definition:
            here, there = (one.definition.strip() for one in (self.found, self.wanted))
            says = f"the database says {here}, the migration {there}"
            remedy = self.by_hand.made.get(Made("view", self.found.name, ""), "")
            yield Difference(self.found.name, "", says, "view", remedy)

    def _columns(self) -> Iterator[Difference]:
        found = {column.name: column for column in self.found.columns}
        wanted = {column.name: column for column in self.wanted.columns}
        for name in wanted:
            if name in found:
                yield from self._column(found[name], wanted[name])
            elif not self._is_by_hand("column", name):  # then it is told to be gone
                says = f"the model has this {wanted[name].type}, no column does"
                yield Difference(self.found.name, name, says, "column")
        for name in found:
            if not (name in wanted or self._is_by_hand("column", name) or self._is_left(name)):
                says = "no field of the model is this column"
                yield Difference(self.found.name, name, says, "column")

    def _column(self, found: Column, wanted: Column) -> Iterator[Difference]:
        def both(here: str, there: str, change: str) -> Difference:
            remedy = remedies.alter(self.found.name, found.name, change)
            return self._both("column", found.name, here, there, remedy)

        if found.type != wanted.type and not self._is_key_of_nobody(found):
            yield both(found.type, wanted.type, f"TYPE {wanted.type}")
        if found.null != wanted.null:
            kinds = {True: "NULL", False: "NOT NULL"}
            change = "DROP NOT NULL" if wanted.null else "SET NOT NULL"
            yield both(kinds[found.null], kinds[wanted.null], change)
        if found.default != wanted.default:
            change = f"SET DEFAULT {wanted.default}" if wanted.default else "DROP DEFAULT"
            if "GENERATED " in found.default + wanted.default:
                change = f"ADD {wanted.default}" if "AS IDENTITY" in wanted.default else ""
            yield both(_default(found), _default(wanted), change)
        yield from self._comment(found.name, found.comment, wanted.comment)

    def _is_key_of_nobody(self, column: Column) -> bool:
        """Whether Django makes this key up: its migrations then take another size than its models.

        In a table of a ManyToManyField the models obey the app's default_auto_field and the
        migrations, which do not know of it, the project's.
        """
        return bool(self.model and self.model._meta.auto_created) and column.is_primary_key

    def _both(self, kind: str, part: str, found: str, wanted: str, remedy: str) -> Difference:
        """Say what both sides are; SQL of a migration stands for itself, where no model does."""
        other = "migration" if self._is_by_hand(kind, part) or self.model is None else "model"
        says = f"the database says {found}, the {other} {wanted}"
        return Difference(self.found.name, part, says, kind, remedy)

    def _is_by_hand(self, kind: str, name: str) -> bool:
        return Made(kind, name, self.found.name) in self.by_hand.made

    def _is_left(self, column: str) -> bool:
        if self.model is None:
            return False
        options = self.model._meta
        return self.by_hand.is_left(options.app_label, str(options.model_name), column)

    def _is_of_left(self, piece: Piece) -> bool:
        """Whether it goes with a column that the models have lost already."""
        return any(self._is_left(word) for word in re.findall(r"\w+", piece.definition))

    def _comment(self, part: str, found: str, wanted: str) -> Iterator[Difference]:
        if found != wanted:
            here, there = (f"“{one}” as its" if one else "no" for one in (found, wanted))
            says = f"the database has {here} comment, the model {there} comment"
            remedy = remedies.comment(self.found.name, part, wanted)
            yield Difference(self.found.name, part, says, "comment", remedy)

    def _pieces(
        self, kind: str, found: Iterable[Piece], wanted: Iterable[Piece]
    ) -> Iterator[Difference]:
        """Compare by name, and what only Django has named by what it says."""
        found_ones = {one.name: one for one in found}
        wanted_ones = {one.name: one for one in wanted}
        extra = {name: one for name, one in found_ones.items() if name not in wanted_ones}
        for name, one in wanted_ones.items():
            if name in found_ones:
                if not _is_same(found_ones[name], one):
                    here, there = written(found_ones[name]), written(one)
                    yield self._both(
                        kind, name, here, there, remedies.replace(self.found.name, one)
                    )
            elif self._is_by_hand(kind, name):
                continue  # it is told to be gone
            elif same := next((each for each in extra.values() if _is_same(each, one)), None):
                del extra[same.name]
                if name in self._named_by_model():
                    remedy = remedies.rename(self.found.name, same, name)
                    yield self._both(kind, same.name, f"{kind} {same.name}", name, remedy)
            else:
                says = f"the model has this {kind}, the database does not"
                yield Difference(
                    self.found.name, name, says, kind, remedies.make(self.found.name, one)
                )
        for name, one in extra.items():
            if name not in self.by_hand.words and not self._is_of_left(one):
                nobody = "no migration" if kind == "trigger" else "neither model nor migration"
                says = f"{nobody} knows this {kind}"
                yield Difference(
                    self.found.name, name, says, kind, remedies.drop(self.found.name, one)
                )

    def _named_by_model(self) -> set[str]:
        options = self.model._meta if self.model else None
        return {one.name for one in (*options.indexes, *options.constraints)} if options else set()

    def _unfinished(self) -> Iterator[Difference]:
        for index in self.found.indexes:
            if not index.is_valid:
                says = "this index was never finished, nothing uses it"
                remedy = remedies.sql("REINDEX INDEX CONCURRENTLY {}", index.name)
                yield Difference(self.found.name, index.name, says, "index", remedy)
        known = {one.name for one in self.wanted.constraints}
        for constraint in self.found.constraints:
            if constraint.name in known and constraint.definition.endswith(UNCHECKED):
                says = "rows from before this constraint are unchecked"
                remedy = remedies.table(self.found.name, "VALIDATE CONSTRAINT {}", constraint.name)
                yield Difference(self.found.name, constraint.name, says, "constraint", remedy)
        for trigger in self.found.triggers:
            if not trigger.is_enabled:
                says = "this trigger is switched off"
                remedy = remedies.table(self.found.name, "ENABLE TRIGGER {}", trigger.name)
                yield Difference(self.found.name, trigger.name, says, "trigger", remedy)


def written(one: Piece) -> str:
    """Return the definition without the name of an index, and whether rows were checked."""
    if isinstance(one, Index):
        before, _, after = one.definition.partition(" USING ")
        return f"{'UNIQUE ' if before.startswith('CREATE UNIQUE') else ''}{after}"
    return one.definition.removesuffix(UNCHECKED)


def _plain(indexes: Iterable[Index]) -> list[Index]:
    """Leave out those of constraints, which are compared themselves."""
    return [index for index in indexes if not index.is_of_constraint]


def _default(column: Column) -> str:
    return column.default or "no default"


def _is_same(one: Piece, other: Piece) -> bool:
    return type(one) is type(other) and written(one) == written(other)
