"""What `migrate` would do to this database: step by step, with what each would destroy or block.

The SQL is Django's own (rehearsal.py), read as far as is honest (rules.py), beside what the tables
hold (tables.py). Nothing is changed: all of it happens in a READ ONLY transaction.
"""

from dataclasses import dataclass

from config.database.plan import reading, sentences
from config.database.plan.effects import Effect
from config.database.plan.holding import held
from config.database.plan.locks import Lock
from config.database.plan.rehearsal import Planned, Rehearsal
from config.database.plan.sizes import Size
from config.database.plan.tables import Tables
from config.schema.catalog import only_reading


@dataclass(frozen=True)
class Step:
    """One operation of a migration. The sentences are empty if there is nothing to say."""

    migration: str  # orgs.0001_initial
    operation: str  # Add field color to team
    is_backwards: bool
    is_atomic: bool  # whether its migration is one transaction
    is_long: bool  # takes longer than a moment, or nobody can tell
    sql: tuple[str, ...]
    tables: tuple[Size, ...]  # those that it changes or locks, as it meets them
    locks: tuple[tuple[Size, Lock], ...]  # the strongest on each table that others can see
    destroys: str = ""  # what is lost for good; also if nobody can tell
    rewrites: str = ""  # tables of which each row is written anew
    blocks: str = ""  # who waits, for what
    instead: str = ""  # the safe way
    fails: str = ""  # why or when it would
    remarks: str = ""  # what would be slow on a larger table

    @property
    def is_quiet(self) -> bool:
        """Whether it touches nothing that was there before, and has nothing to say."""
        return not (self.locks or self.destroys or self.fails)


def steps(app_label: str = "", migration_name: str = "") -> list[Step]:
    """Return what `migrate [app_label [migration_name]]` would do now, in its order; [] if nothing.

    Nothing is changed. Raises CommandError for a target that there is not, and for a way back that
    a migration does not have; OperationalError while another migration holds a table.
    """
    with only_reading():
        tables = Tables()
        found = [_step(planned, tables) for planned in Rehearsal().of(app_label, migration_name)]
    return held(found)


def _step(planned: Planned, tables: Tables) -> Step:
    effects = [*reading.effects(planned.sql, tables)]
    return Step(
        migration=str(planned.migration),
        operation=sentences.operation(planned),
        is_backwards=planned.is_backwards,
        is_atomic=planned.migration.atomic,
        is_long=any(one.is_slow for one in effects) or sentences.is_unknown(planned, tables),
        sql=tuple(planned.sql),
        tables=tuple(dict.fromkeys(one.size for one in effects if one.size)),
        locks=_locks(effects),
        destroys=sentences.destroyed(planned, effects, tables),
        rewrites=sentences.rewritten(effects),
        blocks=sentences.blocked(effects),
        instead=sentences.advised(planned, effects, tables),
        fails=sentences.joined([planned.refusal, *(one.fails for one in effects)]),
        remarks=sentences.remarked(planned, effects),
    )


def _locks(effects: list[Effect]) -> tuple[tuple[Size, Lock], ...]:
    """Return the strongest on each table, which is held until the migration commits."""
    strongest: dict[str, tuple[Size, Lock]] = {}
    for size, lock in (each for one in effects for each in one.locks):
        if size.table not in strongest or lock > strongest[size.table][1]:
            strongest[size.table] = (size, lock)
    return tuple(strongest.values())
