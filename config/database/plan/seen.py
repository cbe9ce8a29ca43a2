"""A statement, or an action of one, at a second look."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from config.database.plan import names
from config.database.plan.effects import Effect
from config.database.plan.locks import Lock
from config.database.plan.sizes import Size
from config.database.plan.tables import Tables
from config.schema.catalog import Table

REFERENCES = re.compile(rf"\bREFERENCES ({names.QUALIFIED})", re.IGNORECASE)


@dataclass(frozen=True)
class Seen:
    effect: Effect  # as the rule has it
    found: re.Match[str]  # of the rule's form
    tables: Tables

    @property
    def rest(self) -> str:
        """What stands behind the form."""
        return self.found.string[self.found.end() :].strip()

    @property
    def table(self) -> str:
        return self.effect.size.table if self.effect.size else ""

    @property
    def described(self) -> Table:
        """What is known of the table."""
        return self.tables.table(self.table)

    @property
    def has_rows(self) -> bool:
        return bool(self.table) and self.tables.holds_rows(self.table)

    @property
    def referenced(self) -> list[str]:
        """The tables that foreign keys in the rest of it lead to."""
        return [names.plain(one) for one in REFERENCES.findall(self.rest)]

    def name(self, group: str) -> str:
        return names.plain(self.found[group] or "")

    def listed(self) -> list[str]:
        """Return the table, and those that a comma puts beside it."""
        others = re.findall(rf", ?({names.QUALIFIED})", self.rest)
        return [self.name("table"), *map(names.plain, others)]

    def full(self, listed: Iterable[str]) -> str:
        """Return those of these tables that have rows, and how many."""
        sizes = [self.tables.size(name) for name in listed if self.tables.holds_rows(name)]
        return ", ".join(f"{size.table} ({size})" for size in sizes)

    def sizes(self, listed: Iterable[str], lock: Lock) -> tuple[tuple[Size, Lock], ...]:
        return tuple((self.tables.size(name), lock) for name in dict.fromkeys(listed))

    def but(self, **changes: Any) -> Effect:
        return replace(self.effect, **changes)


Look = Callable[[Seen], Effect]
