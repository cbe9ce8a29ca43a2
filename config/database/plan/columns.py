"""What the words of a statement alone do not tell of columns. As the functions of looks.py."""

import re
from dataclasses import replace

from config.database.plan import retyping
from config.database.plan.effects import Effect, Work
from config.database.plan.locks import Lock
from config.database.plan.seen import Seen
from config.database.plan.tables import Tables
from config.schema.catalog import Column

INSTEAD = {  # of a new column that is more than a nullable one, by the work it makes
    Work.READ: "Add the column without the constraint, and the constraint by itself, NOT VALID "
    "first: AddConstraintNotValid, and ValidateConstraint in the next migration.",
    Work.INDEX: "Add the column as it is, without its being unique; then CREATE UNIQUE INDEX "
    "CONCURRENTLY in a migration with atomic = False.",
    Work.REWRITE: "Add the column nullable and without this default; set the default in a second "
    "step, and fill the rows there are in batches.",
}
# Where the type of a new column ends.
TYPE_ENDS = re.compile(
    r" (?:DEFAULT|NOT NULL|NULL|UNIQUE|PRIMARY|CHECK|CONSTRAINT|GENERATED|REFERENCES|COLLATE)\b",
    re.IGNORECASE,
)
FORGOTTEN = "The release that still runs adds rows without it, which fails from now on."


def add(seen: Seen) -> Effect:
    """Return what its definition makes of it: a default that is not the same for each row, say.

    Source: ALTER TABLE, 'Notes': a default that is not volatile is written into no row.
    """
    name, words = seen.name("column"), seen.rest.upper()
    kind = TYPE_ENDS.split(seen.rest)[0]
    null = "NOT NULL" not in words
    column = Column(name, kind, null, "", is_primary_key=False, is_unique=False)
    seen.described.columns.append(column)
    seen.tables.added.add((seen.table, name))
    has_value = null or re.search(r"\bDEFAULT\b|\bGENERATED\b|SERIAL\b", words)
    work = _work(seen.rest, kind, seen.tables)
    return seen.but(
        work=work,
        instead=INSTEAD.get(work, ""),
        others=seen.sizes(seen.referenced, Lock.SHARE_ROW_EXCLUSIVE),
        fails=""
        if has_value or not seen.has_rows
        else f"Fails: {seen.table} has rows, and no value for {name}.",
    )


def _work(definition: str, kind: str, tables: Tables) -> Work:
    words = definition.upper()
    default = re.search(r"\bDEFAULT (.*)", definition, re.IGNORECASE)
    if " STORED" in words or " AS IDENTITY" in words or "SERIAL" in kind.upper():
        return Work.REWRITE
    if kind.strip('"') in tables.checked_domains or (default and tables.is_volatile(default[1])):
        return Work.REWRITE
    if re.search(r"\b(?:UNIQUE|PRIMARY KEY)\b", words):
        return Work.INDEX
    is_checked = re.search(r"\bCHECK\b", words) or (default and " REFERENCES " in words)
    return Work.READ if is_checked else Work.NONE


def drop(seen: Seen) -> Effect:
    others = seen.tables.pointed_at(seen.table, column=seen.name("column"))
    seen.tables.replace_column(seen.table, seen.name("column"), None)
    return seen.but(others=seen.sizes(others, Lock.ACCESS_EXCLUSIVE))


def rename(seen: Seen) -> Effect:
    if column := _column(seen):
        renamed = replace(column, name=seen.name("name"))
        seen.tables.replace_column(seen.table, column.name, renamed)
    return seen.effect


def drop_default(seen: Seen) -> Effect:
    """Django drops a field's default as soon as the rows there are have it."""
    column = _column(seen)
    if column is None or column.null or (seen.table, column.name) not in seen.tables.added:
        return seen.effect
    way = "Give the field a db_default, which stays in the database."
    return seen.but(remark=FORGOTTEN, instead=way)


def set_not_null(seen: Seen) -> Effect:
    """A check that is in force saves reading the rows (ALTER TABLE, SET NOT NULL)."""
    column = _column(seen)
    if column is None:
        return seen.effect
    seen.tables.replace_column(seen.table, column.name, replace(column, null=False))
    if column.null and not seen.tables.is_checked_not_null(seen.table, column.name):
        return seen.effect
    return seen.but(work=Work.NONE, instead="")


def retype(seen: Seen) -> Effect:
    column = _column(seen)
    kind, _, using = seen.rest.partition(" USING ")
    kind, _, collation = kind.partition(" COLLATE ")
    if column is None:
        return _losing(seen.effect, seen, f"what {seen.name('column')} cannot hold as {kind}")
    seen.tables.replace_column(seen.table, column.name, replace(column, type=kind))
    plain = rf'\(?"?{re.escape(column.name)}"?::{re.escape(kind)}\)?'
    if using and not re.fullmatch(plain, using, re.IGNORECASE):
        return _losing(seen.effect, seen, f"what {column.name} was before the expression")
    change = retyping.compare(
        retyping.read(column.type),
        retyping.read(kind),
        is_cast=bool(using),
        alike=seen.tables.stored_alike,
    )
    return _retyped(seen, column, kind, change, is_collated=bool(collation))


def _retyped(
    seen: Seen, column: Column, kind: str, change: retyping.Retyping, *, is_collated: bool
) -> Effect:
    work = Work.REWRITE if change.rewrites else _work_around(seen, column, kind)
    if is_collated:
        work = max(work, Work.INDEX)
    others = seen.tables.neighbors(seen.table, column=column.name)
    effect = seen.but(
        work=work,
        instead=seen.effect.instead if work else "",
        others=seen.sizes(others, Lock.ACCESS_EXCLUSIVE),
    )
    if change.loses:
        was = f"{column.name} (it was {column.type})"
        return _losing(effect, seen, f"what of {was} does not fit into {kind}")
    if change.may_fail and seen.has_rows:
        fails = f"Fails if a value of {column.name} does not fit into {kind}."
        return replace(effect, fails=fails)
    return effect


def _work_around(seen: Seen, column: Column, kind: str) -> Work:
    """Return what becomes of indexes and checks on a column whose rows stay as they are."""
    if retyping.read(column.type) == retyping.read(kind):
        return Work.NONE
    if seen.tables.has_index_with_expression(seen.table, column.name):
        return Work.INDEX
    return Work.READ if seen.tables.is_in_check(seen.table, column.name) else Work.NONE


def _losing(effect: Effect, seen: Seen, what: str) -> Effect:
    return replace(effect, loses=f"{what}, in {seen.table}" if seen.has_rows else "")


def _column(seen: Seen) -> Column | None:
    return seen.tables.column(seen.table, seen.name("column"))
