"""What a step does, in the words that people read before they press Enter."""

from collections.abc import Iterable
from typing import Any

from django.db.migrations import RunPython, RunSQL
from django.db.migrations.operations.models import AlterTogetherOptionOperation

from config.database.plan.effects import Effect, Work
from config.database.plan.rehearsal import Planned
from config.database.plan.tables import Tables
from config.schema import statements

DECLARED = {False: "destroys", True: "destroys_backwards"}  # keys of hints=…, by the direction
READ_IT = (
    'Read it. If it loses nothing, its migration may say so: hints={"destroys": "nothing"}, an '
    "argument of RunSQL and RunPython."
)
DOING = {
    Work.READ: "each row is read",
    Work.INDEX: "an index is built",
    Work.REWRITE: "each row is written anew",
}


def operation(planned: Planned) -> str:
    """Return what Django says of it; of a RunPython the function, of a RunSQL how it begins."""
    described = str(planned.operation.describe())
    if isinstance(planned.operation, RunPython):
        described = f"Run {_called(planned)}"
    elif isinstance(planned.operation, RunSQL):
        return _summed_up(planned)
    return f"Undo: {described}" if planned.is_backwards else described


def _summed_up(planned: Planned) -> str:
    first, *others = [one for text in planned.sql for one in statements.split(text)] or ["nothing"]
    more = f", and {len(others)} more statement{'s' * (len(others) > 1)}" if others else ""
    return f"SQL: {statements.shortened(statements.plain(first))}{more}"


def destroyed(planned: Planned, effects: list[Effect], tables: Tables) -> str:
    """Return what is lost for good, or '': what the operation declares, before what we can tell."""
    declared = _declared(planned)
    if declared:
        return "" if declared == "nothing" or tables.hold_nothing else declared
    unknown = f"what nobody can tell: {_problem(planned)}" if is_unknown(planned, tables) else ""
    return joined([*(one.loses for one in effects), unknown], "; ")


def is_unknown(planned: Planned, tables: Tables) -> bool:
    """Whether it may do anything to the rows there are: Python, or SQL that cannot be known yet."""
    if tables.hold_nothing:
        return False
    if planned.operation.reduces_to_sql:
        is_harmless = isinstance(planned.operation, AlterTogetherOptionOperation)
        return bool(planned.problem) and not is_harmless
    return _code(planned) is not RunPython.noop


def rewritten(effects: Iterable[Effect]) -> str:
    return joined(
        f"{one.size.table} ({one.size}): each row and index, which takes as much disk again."
        for one in effects
        if one.is_slow and one.work == Work.REWRITE and one.size
    )


def blocked(effects: Iterable[Effect]) -> str:
    """Return who waits while rows are worked on. A lock that is held for a moment blocks nobody."""
    return joined(
        f"{size.table} ({size}): {lock.stops} wait while {DOING[one.work]}."
        for one in effects
        if one.is_slow
        for size, lock in one.locks
        if lock.stops
    )


def remarked(planned: Planned, effects: Iterable[Effect]) -> str:
    """Return why what sounds slow is not, and why nothing is known where it is not."""
    unknown = "Its SQL is not known before the steps above are run." if planned.problem else ""
    quick = joined(
        f"{one.size.table} is small ({one.size}): {DOING[one.work]} in a moment."
        for one in effects
        if one.work and one.size and not one.size.is_new and not one.is_slow and one.lock.stops
    )
    told = (one.remark for one in effects if one.remark and one.size and not one.size.is_new)
    return joined([unknown, quick, *told])


def advised(planned: Planned, effects: Iterable[Effect], tables: Tables) -> str:
    """Return the safe way, where something speaks against this one."""
    ways = (one.instead for one in effects if one.is_slow or one.loses or one.remark)
    is_told = bool(_declared(planned))
    is_unknown_to_us = is_unknown(planned, tables) or not all(one.is_known for one in effects)
    return joined([*ways, READ_IT if is_unknown_to_us and not is_told else ""])


def joined(sentences: Iterable[str], by: str = " ") -> str:
    """Return them once each, in their order."""
    return by.join(dict.fromkeys(one for one in sentences if one))


def _declared(planned: Planned) -> str | None:
    hints: dict[str, Any] = getattr(planned.operation, "hints", {})
    return hints.get(DECLARED[planned.is_backwards])


def _problem(planned: Planned) -> str:
    return "its SQL is not known" if planned.problem else f"{_called(planned)} is Python"


def _code(planned: Planned) -> Any:
    name = "reverse_code" if planned.is_backwards else "code"
    return getattr(planned.operation, name, None)


def _called(planned: Planned) -> str:
    code = _code(planned)
    return getattr(code, "__qualname__", type(planned.operation).__name__)
