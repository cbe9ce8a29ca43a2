"""All that is known of the schema at one time: what is there, what differs, what was migrated."""

from dataclasses import dataclass, field

from django.db import InternalError, NotSupportedError, ProgrammingError

from config.database.wording import first_line
from config.schema import catalog, expected, history
from config.schema.by_hand import ByHand
from config.schema.catalog import Schema, Table
from config.schema.comparison import Difference
from config.schema.differences import compare
from config.schema.history import History


@dataclass
class Survey:
    tables: dict[str, Table]
    history: History
    wanted: Schema | None = None
    differences: list[Difference] = field(default_factory=list)
    problem: str = ""  # why nobody knows what differs

    @property
    def by_hand(self) -> ByHand:
        return self.history.by_hand

    def of(self, table: str, part: str | None = None) -> list[Difference]:
        """Return what differs in a table, or in one part of it."""
        return [
            one
            for one in self.differences
            if one.table == table and (part is None or one.part == part)
        ]

    def is_by_hand(self, name: str, table: Table) -> bool:
        """Whether SQL of a migration made this part of a table, and no model."""
        is_made = any(one.name == name and one.table == table.name for one in self.by_hand.made)
        return is_made or (name in self.by_hand.words and name not in self._wanted(table.name))

    def _wanted(self, table: str) -> set[str]:
        """Return the names of what models, or plain SQL, want of a table."""
        wanted = self.wanted.tables.get(table) if self.wanted else None
        if wanted is None:
            return set()
        return {one.name for one in wanted.constraints} | {one.name for one in wanted.indexes}


def read() -> Survey:
    """Return everything that is known now. Also of a database in the middle of a migration."""
    found = catalog.read_schema()
    survey = Survey(found.tables, history.read())
    if not survey.history.migrations:
        survey.problem = survey.history.problem
        return survey
    try:
        survey.wanted = expected.read(found.tables, survey.by_hand)
    except (InternalError, NotSupportedError, ProgrammingError) as error:
        survey.problem = first_line(error)  # without the statement that failed
    else:
        survey.differences = compare(found, survey.wanted, survey.by_hand)
    return survey
