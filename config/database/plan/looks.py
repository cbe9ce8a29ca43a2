"""What the words of a statement alone do not tell of tables, indexes and constraints.

Each function takes a statement as its rule has seen it, notes in its tables what it changes, and
returns what it does. Those of columns are in columns.py.
"""

import re
from dataclasses import replace

from config.database.plan import queries
from config.database.plan.effects import Effect, Work
from config.database.plan.locks import Lock
from config.database.plan.seen import Seen
from config.schema.catalog import Constraint, ForeignKey, Index


def at_nothing_else(seen: Seen) -> Effect:
    return seen.effect


def create_table(seen: Seen) -> Effect:
    name = seen.name("table")
    if name in seen.tables.known:  # IF NOT EXISTS; or it fails
        return seen.effect
    if "." in name and re.search(r" IF NOT EXISTS ", seen.found[0], re.IGNORECASE):
        return seen.effect  # nobody has looked whether it is there
    seen.tables.make(name)
    if re.search(r"\bAS \(?(?:SELECT|TABLE|WITH|VALUES)\b", seen.rest, re.IGNORECASE):
        seen.tables.fill(name)
    others = seen.sizes(seen.referenced, Lock.SHARE_ROW_EXCLUSIVE)
    return seen.but(size=seen.tables.size(name), others=others)


def drop_table(seen: Seen) -> Effect:
    listed = seen.listed()
    full = seen.full(listed)
    others = [name for one in listed for name in seen.tables.neighbors(one) if name not in listed]
    locked = seen.sizes([*listed[1:], *others], Lock.ACCESS_EXCLUSIVE)
    for name in listed:
        seen.tables.drop(name)
    lost = f"the table{'s' * ('), ' in full)} {full}"
    return seen.but(loses=lost if full else "", others=locked)


def truncate(seen: Seen) -> Effect:
    """It may name several tables, and CASCADE reaches those that point at them."""
    listed = seen.listed()
    if "CASCADE" in seen.rest.upper():
        listed = seen.tables.reached_from(listed)
    full = seen.full(listed)
    others = seen.sizes(listed[1:], seen.effect.lock)
    return seen.but(loses=f"every row of {full}" if full else "", others=others)


def rename_table(seen: Seen) -> Effect:
    seen.tables.rename(seen.table, seen.name("renamed"))
    return seen.effect


def fill(seen: Seen) -> Effect:
    seen.tables.fill(seen.table)
    return seen.effect


def drop_sequence(seen: Seen) -> Effect:
    """Nothing but how far it has counted is in it, and its column goes with it or before it."""
    return seen.but(size=None)


def create_function(seen: Seen) -> Effect:
    """One is no table, though its form calls it so."""
    if not re.search(r"\b(?:IMMUTABLE|STABLE)\b", seen.rest, re.IGNORECASE):
        seen.tables.functions.add(seen.name("table").rpartition(".")[2])
    return seen.but(size=None)


def drop_extension(seen: Seen) -> Effect:
    """Its own tables go with it, without a CASCADE."""
    may_lose = queries.any_has_tables(seen.listed()) and not seen.tables.hold_nothing
    return seen.but(size=None, loses=seen.effect.loses if may_lose else "")


def any_table(seen: Seen) -> Effect:
    """It may take rows or columns of any table."""
    return seen.but(loses="" if seen.tables.hold_nothing else seen.effect.loses)


def create_index(seen: Seen) -> Effect:
    """An index of that name which was never finished is what an earlier try has left.

    Where that is built concurrently, `migrate` puts it away by itself: see migrating/halves.py.
    """
    name, indexes = seen.name("name"), seen.described.indexes
    left = next((one for one in indexes if one.name == name), None)
    indexes.append(Index(name, seen.found.string, 0, 0))
    if left is None or left.is_valid or "CONCURRENTLY" in seen.found[0]:
        return seen.effect
    told = f"Fails: an earlier try has left the index {name} unfinished. Drop it first: "
    return seen.but(fails=f'{told}DROP INDEX CONCURRENTLY "{name}".')


def drop_index(seen: Seen) -> Effect:
    effect = of_index(seen)
    if effect.size:
        indexes = seen.tables.table(effect.size.table).indexes
        indexes[:] = [one for one in indexes if one.name != seen.name("name")]
    return effect


def of_index(seen: Seen) -> Effect:
    table = seen.tables.with_index(seen.name("name"))
    return seen.but(size=seen.tables.size(table)) if table else seen.effect


def add_constraint(seen: Seen) -> Effect:
    name, table = seen.name("name"), seen.described
    definition = seen.found.string[seen.found.end("name") :].strip()
    table.constraints.append(Constraint(name, "", definition))
    if "other" in seen.found.re.groupindex:
        table.foreign_keys.append(ForeignKey(name, table.name, (), seen.name("other"), (), ""))
    return seen.effect


def add_key_by_index(seen: Seen) -> Effect:
    """Rows are read for columns alone that may be null."""
    for one in seen.described.indexes:
        columns = {*re.findall(r"\w+", one.definition.partition(" USING ")[2])}
        if one.name == seen.name("index") and not columns & seen.tables.nullable(seen.table):
            return seen.but(work=Work.NONE, instead="")
    return seen.effect


def validate(seen: Seen) -> Effect:
    """From now on it holds for each row. A foreign key locks the rows that it leads to, too."""
    name, constraints = seen.name("name"), seen.described.constraints
    for place, one in enumerate(constraints):
        if one.name == name:
            checked = one.definition.removesuffix(" NOT VALID")
            if checked == one.definition:  # it is valid already
                return seen.but(work=Work.NONE)
            constraints[place] = replace(one, definition=checked)
    others = seen.tables.pointed_at(seen.table, constraint=name)
    return seen.but(others=seen.sizes(others, Lock.ROW_SHARE))


def drop_constraint(seen: Seen) -> Effect:
    name, constraints = seen.name("name"), seen.described.constraints
    constraints[:] = [one for one in constraints if one.name != name]
    others = seen.tables.pointed_at(seen.table, constraint=name)
    return seen.but(others=seen.sizes(others, Lock.ACCESS_EXCLUSIVE))
