"""What the words of a statement alone do not tell: a second look at the table, and what changes.

Each function takes the effect as the rule has it, the match of its form, and the tables, in which
it notes what the statement changes; it returns the effect as it is.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from config.database.plan import retyping
from config.database.plan.effects import Effect, Work
from config.database.plan.locks import Lock
from config.database.plan.tables import Size, Tables
from config.schema.catalog import Column, Constraint, ForeignKey, Index, Table

Look = Callable[[Effect, re.Match[str], Tables], Effect]


def at_nothing_else(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    return effect


def create_table(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    name, rest = _name(found, "table"), found.string[found.end() :]
    if name in tables.known:  # IF NOT EXISTS; or it fails
        return effect
    tables.known[name] = Table(name, app="", model="", rows=0, size=0)
    if not re.search(r"\bAS (?:SELECT|TABLE|WITH|VALUES)\b", rest, re.IGNORECASE):
        tables.new.add(name)
    others = re.findall(r'REFERENCES "?(\w+)"?', rest, re.IGNORECASE)
    return replace(
        effect, size=tables.size(name), others=_sizes(others, Lock.SHARE_ROW_EXCLUSIVE, tables)
    )


def drop_table(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    names = _names(found)
    full = _full(names, tables)
    others = [name for one in names for name in tables.neighbors(one) if name not in names]
    locked = _sizes([*names[1:], *others], Lock.ACCESS_EXCLUSIVE, tables)
    for name in names:
        tables.known.pop(name, None)
    lost = f"the table{'s' * (len(full) > 1)} {', '.join(full)}" if full else ""
    return replace(effect, loses=lost, others=locked)


def drop_sequence(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    """Nothing but how far it has counted is in it, and its column goes with it or before it."""
    return replace(effect, size=None)


def truncate(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    """It may name several tables, and CASCADE reaches those that point at them."""
    names = _names(found)
    if "CASCADE" in found.string.upper():
        names = tables.reached_from(names)
    full = _full(names, tables)
    return replace(
        effect,
        loses=f"every row of {', '.join(full)}" if full else "",
        others=_sizes(names[1:], effect.lock, tables),
    )


def create_index(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    """An index of that name which was never finished is what an earlier try has left."""
    name = _name(found, "name") if found["name"] else ""
    table = tables.known.get(_name(found, "table"))
    if table is None:
        return effect
    left = next((one for one in table.indexes if one.name == name), None)
    table.indexes.append(Index(name, found.string, 0, 0))
    if left and not left.is_valid:
        return replace(
            effect,
            fails=f"Fails: an earlier try has left the index {name} unfinished. Drop it first: "
            f'DROP INDEX CONCURRENTLY "{name}".',
        )
    return effect


def drop_index(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    effect = of_index(effect, found, tables)
    if effect.size:
        indexes = tables.known[effect.size.table].indexes
        indexes[:] = [one for one in indexes if one.name != _name(found, "name")]
    return effect


def of_index(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    table = tables.with_index(_name(found, "name"))
    return replace(effect, size=tables.size(table)) if table else effect


def create_function(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    tables.functions.add(_name(found, "table"))
    return effect


def fill(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    tables.new.discard(_name(found, "table"))
    return effect


def add_constraint(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    table = effect.size and tables.known.get(effect.size.table)
    if table and found["name"]:
        definition = found.string[found.end("name") :].strip(' "')
        table.constraints.append(Constraint(_name(found, "name"), "", definition))
    if table and "other" in found.re.groupindex:
        key = ForeignKey(_name(found, "name"), table.name, (), _name(found, "other"), (), "")
        table.foreign_keys.append(key)
    return effect


def add_key_by_index(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    """Rows are read for columns alone that may be null."""
    table = effect.size and tables.known.get(effect.size.table)
    index = _name(found, "index")
    for one in table.indexes if table else ():
        columns = re.findall(r"\w+", one.definition.partition(" USING ")[2])
        if table and one.name == index and not tables.nullable(table.name) & {*columns}:
            return replace(effect, work=Work.NONE, instead="")
    return effect


def validate(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    """From now on it holds for each row. A foreign key locks the rows that it leads to, too."""
    name = _name(found, "name")
    table = effect.size and tables.known.get(effect.size.table)
    if not table:
        return effect
    for place, one in enumerate(table.constraints):
        if one.name == name:
            checked = one.definition.removesuffix(" NOT VALID")
            table.constraints[place] = replace(one, definition=checked)
            if checked == one.definition:  # it is valid already
                return replace(effect, work=Work.NONE)
    others = tables.pointed_at(table.name, constraint=name)
    return replace(effect, others=_sizes(others, Lock.ROW_SHARE, tables))


def drop_constraint(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    name = _name(found, "name")
    table = effect.size.table if effect.size else ""
    others = tables.pointed_at(table, constraint=name)
    if table in tables.known:
        constraints = tables.known[table].constraints
        constraints[:] = [one for one in constraints if one.name != name]
    return replace(effect, others=_sizes(others, Lock.ACCESS_EXCLUSIVE, tables))


def add_column(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    """Return what its definition makes of it: a default that is not the same for each row, say.

    Source: ALTER TABLE, 'Notes': a default that is not volatile is written into no row.
    """
    name, definition = _name(found, "column"), found.string[found.end() :]
    _note_column(effect, name, definition, tables)
    others = re.findall(r'REFERENCES "?(\w+)"?', definition, re.IGNORECASE)
    return replace(
        effect,
        work=_work_of_column(definition, tables),
        others=_sizes(others, Lock.SHARE_ROW_EXCLUSIVE, tables),
        fails=_no_value(definition, effect, name, tables),
        instead=INSTEAD_OF_COLUMN.get(_work_of_column(definition, tables), ""),
    )


INSTEAD_OF_COLUMN = {
    Work.READ: "Add the column without the constraint, and the constraint by itself, NOT VALID "
    "first: AddConstraintNotValid, and ValidateConstraint in the next migration.",
    Work.INDEX: "Add the column as it is, without its being unique; then CREATE UNIQUE INDEX "
    "CONCURRENTLY in a migration with atomic = False.",
    Work.REWRITE: "Add the column nullable and without this default; set the default in a second "
    "step, and fill the rows there are in batches.",
}


def _work_of_column(definition: str, tables: Tables) -> Work:
    words = definition.upper()
    default = re.search(r"\bDEFAULT (.*)", definition, re.IGNORECASE)
    is_serial = re.match(r"(BIG|SMALL)?SERIAL\b", words)
    is_checked_domain = definition.split(" ")[0].strip('"') in tables.checked_domains
    if " STORED" in words or " AS IDENTITY" in words or is_serial or is_checked_domain:
        return Work.REWRITE
    if default and tables.is_volatile(default[1]):
        return Work.REWRITE
    if re.search(r"\b(UNIQUE|PRIMARY KEY)\b", words):
        return Work.INDEX
    checked = " CHECK " in f"{words} " or (" REFERENCES " in words and default)
    return Work.READ if checked or "CHECK(" in words else Work.NONE


def _no_value(definition: str, effect: Effect, name: str, tables: Tables) -> str:
    words = definition.upper()
    has_value = " DEFAULT " in words or "GENERATED" in words or "SERIAL" in words
    if "NOT NULL" not in words or has_value or not effect.size:
        return ""
    table = effect.size.table
    return f"Fails: {table} has rows, and no value for {name}." if tables.holds_rows(table) else ""


def _note_column(effect: Effect, name: str, definition: str, tables: Tables) -> None:
    words = r"(.*?)(?: DEFAULT| NOT NULL| NULL| UNIQUE| PRIMARY| CHECK| CONSTRAINT| GENERATED|$)"
    (kind,) = re.match(words, definition, re.IGNORECASE).groups()  # type: ignore[union-attr]
    if effect.size and effect.size.table in tables.known:
        null = "NOT NULL" not in definition.upper()
        column = Column(name, kind, null, "", is_primary_key=False, is_unique=False)
        tables.known[effect.size.table].columns.append(column)
        tables.added.add((effect.size.table, name))


def drop_default(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    """Django drops a field's default as soon as the rows there are have it."""
    table, name = effect.size.table if effect.size else "", _name(found, "column")
    column = tables.column(table, name)
    if (table, name) in tables.added and column and not column.null:
        return replace(
            effect,
            remark="The release that still runs adds rows without it, which fails from now on.",
            instead="Give the field a db_default, which stays in the database.",
        )
    return effect


def drop_column(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    name = _name(found, "column")
    table = effect.size.table if effect.size else ""
    others = tables.pointed_at(table, column=name)
    tables.replace_column(table, name, None)
    return replace(effect, others=_sizes(others, Lock.ACCESS_EXCLUSIVE, tables))


def rename_table(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    if effect.size:
        tables.rename(effect.size.table, _name(found, "renamed"))
    return effect


def rename_column(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    table, name = effect.size.table if effect.size else "", _name(found, "column")
    if column := tables.column(table, name):
        tables.replace_column(table, name, replace(column, name=_name(found, "name")))
    return effect


def set_not_null(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    """A check that is in force saves reading the rows (ALTER TABLE, SET NOT NULL)."""
    table, name = effect.size.table if effect.size else "", _name(found, "column")
    column = tables.column(table, name)
    if column:
        tables.replace_column(table, name, replace(column, null=False))
    if column and (not column.null or tables.is_checked_not_null(table, name)):
        return replace(effect, work=Work.NONE, instead="")
    return effect


def retype(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    table, name = effect.size.table if effect.size else "", _name(found, "column")
    rest = found.string[found.end() :].strip()
    rest, _, using = rest.partition(" USING ")
    kind, _, collation = rest.partition(" COLLATE ")
    column = tables.column(table, name)
    if not tables.holds_rows(table):
        if column:
            tables.replace_column(table, name, replace(column, type=kind))
        return effect
    if column is None:
        return _losing(effect, tables, f"what {name} of {table} cannot hold any longer")
    tables.replace_column(table, name, replace(column, type=kind))
    if using and not re.fullmatch(rf'"?{name}"?::[^:]+', using):
        return _losing(effect, tables, f"what {name} of {table} was before the expression")
    old, new = retyping.read(column.type), retyping.read(kind)
    change = retyping.compare(old, new, is_cast=bool(using), alike=tables.stored_alike)
    work = Work.REWRITE
    if not change.rewrites:
        work = _work_around(table, name, tables) if old != new or collation else Work.NONE
    loss = f"what of {name} of {table} does not fit into {kind} (it was {column.type})"
    return replace(
        _losing(effect, tables, loss if change.loses else ""),
        others=_sizes(tables.keys_of(table, name), Lock.ACCESS_EXCLUSIVE, tables),
        work=Work.INDEX if collation and not change.rewrites else work,
        instead=effect.instead if work else "",
        fails=f"Fails if a value of {name} does not fit into {kind}."
        if change.may_fail and not change.loses
        else "",
    )


def _work_around(table: str, column: str, tables: Tables) -> Work:
    """Return what becomes of indexes and checks on a column whose rows stay as they are."""
    if tables.has_index_with_expression(table, column):
        return Work.INDEX
    return Work.READ if tables.is_in_check(table, column) else Work.NONE


def cascade(effect: Effect, found: re.Match[str], tables: Tables) -> Effect:
    """It may drop columns of any table."""
    return replace(effect, loses="" if tables.hold_nothing else effect.loses)


def _names(found: re.Match[str]) -> list[str]:
    """Return the table of a statement and those that it lists after it."""
    rest = found.string[found.end() :]
    return [_name(found, "table"), *re.findall(r', ?(?:"?\w+"?\.)?"?(\w+)', rest)]


def _full(names: list[str], tables: Tables) -> list[str]:
    return [f"{name} ({tables.size(name)})" for name in names if tables.holds_rows(name)]


def _losing(effect: Effect, tables: Tables, what: str) -> Effect:
    has_rows = effect.size and tables.holds_rows(effect.size.table)
    return replace(effect, loses=what if has_rows else "")


def _name(found: re.Match[str], group: str) -> str:
    return (found[group] or "").strip('"')


def _sizes(names: Iterable[str], lock: Lock, tables: Tables) -> tuple[tuple[Size, Lock], ...]:
    return tuple((tables.size(name), lock) for name in dict.fromkeys(names))
