"""A plan as it is read at a terminal."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from textwrap import TextWrapper, dedent

from config.database.plan import Step
from config.database.wording import many

WIDTH = 100
LINES = 8  # of a step's SQL, unless all of it is asked for
INDENT = " " * 6
LABEL = len("destroys") + 2


def lines(steps: list[Step], *, all_sql: bool) -> Iterator[str]:
    """Yield the plan line by line, migration by migration; `all_sql` as it would be run."""
    if not any(step.locks for step in steps):
        yield "Nothing that is there now is touched."
    for migration, group in groupby(steps, lambda one: one.migration):
        yield from ["", *_migration(migration, [*group], all_sql=all_sql)]
    yield from ["", summary(steps)]


def _migration(name: str, steps: list[Step], *, all_sql: bool) -> Iterator[str]:
    is_atomic = steps[0].is_atomic
    remarks = ["taken back"] * steps[0].is_backwards + ["not one transaction"] * (not is_atomic)
    yield f"{name} ({', '.join(remarks)})" if remarks else name
    for step in steps:
        yield from _step(step, all_sql=all_sql)
    if not is_atomic:
        yield from _wrapped("  ", HALFWAY)


HALFWAY = (
    "If it fails halfway, the steps before stay done, and it counts as not applied. Undo them by "
    "hand before the next try; an index that was not finished is INVALID, slows down writes and "
    "has to be dropped first."
)


def summary(steps: list[Step]) -> str:
    """Return the last line: how much, and how bad."""
    migrations = len({step.migration for step in steps})
    counted = f"{many(migrations, 'migration')}, {many(len(steps), 'step')}"
    told = [
        _verb(sum(bool(step.destroys) for step in steps), "destroys data", "destroy data"),
        _verb(sum(bool(step.rewrites) for step in steps), "rewrites a table", "rewrite tables"),
        _verb(sum(bool(step.blocks) for step in steps), "makes people wait", "make people wait"),
        _verb(sum(bool(step.fails) for step in steps), "may fail", "may fail"),
    ]
    return f"{counted}; {', '.join(one for one in told if one) or 'nothing dangerous'}"


def _step(step: Step, *, all_sql: bool) -> Iterator[str]:
    yield from _wrapped("  - ", step.operation, "    ")
    if all_sql or not step.is_quiet:
        yield from _sql(step.sql, all_sql=all_sql)
    for label, text in _told(step):
        yield from _wrapped(f"    {label.ljust(LABEL)}", text, " " * (4 + LABEL))


def _told(step: Step) -> Iterator[tuple[str, str]]:
    for size, lock in step.locks:
        stops = lock.stops or "neither reads nor writes"
        yield "locks", f"{size.table} ({size}): {lock}, stops {stops}"
    for label in ("destroys", "rewrites", "blocks", "fails", "remarks", "instead"):
        if text := getattr(step, label):
            yield label, text


def _sql(statements: Iterable[str], *, all_sql: bool) -> Iterator[str]:
    written = [line for one in statements for line in dedent(one).strip().splitlines()]
    shown = written if all_sql else written[:LINES]
    for line in shown:
        yield from [INDENT + line] if all_sql else _wrapped(INDENT, line, INDENT + "    ")
    if len(shown) < len(written):
        yield f"{INDENT}… {len(written) - len(shown)} lines more: db plan --sql"


def _wrapped(first: str, text: str, rest: str = "") -> list[str]:
    return TextWrapper(
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest or first,
        break_on_hyphens=False,
        break_long_words=False,
    ).wrap(text)


def _verb(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""
