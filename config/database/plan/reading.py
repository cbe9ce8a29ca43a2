"""From the SQL of a step to what it does, table by table."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from config.database.plan import names
from config.database.plan.effects import Effect
from config.database.plan.locks import Lock
from config.database.plan.rules import ACTIONS, STATEMENTS, Rule
from config.database.plan.seen import Seen
from config.database.plan.tables import Tables
from config.schema import statements

ALTER_TABLE = re.compile(
    rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(?P<table>{names.QUALIFIED}) (?P<actions>.*)",
    re.IGNORECASE,
)


# What calls the functions that stand in it, where others only name them.
CALLS = re.compile(
    r"INSERT\b|ADD\b|VALIDATE\b|CREATE .*\bTABLE .*"
    r"(?: PARTITION OF |\bAS [( ]*(?:SELECT|TABLE|WITH|VALUES|EXECUTE)\b)",
    re.IGNORECASE,
)


def effects(sql: Iterable[str], tables: Tables) -> Iterator[Effect]:
    """Yield what each statement does, and note in `tables` what it changes."""
    for text in sql:
        for statement in map(statements.plain, statements.split(text)):
            yield from _of(statement, tables)


def _of(statement: str, tables: Tables) -> Iterator[Effect]:
    if altered := ALTER_TABLE.fullmatch(statement):
        table = names.plain(altered["table"])
        for action in statements.parts(altered["actions"]):
            yield _by_rule(ACTIONS, action, table, tables)
    else:
        yield _by_rule(STATEMENTS, statement, "", tables)


def _by_rule(rules: tuple[Rule, ...], text: str, table: str, tables: Tables) -> Effect:
    # ALTER TABLE takes the strongest lock unless its documentation says otherwise.
    lock = Lock.ACCESS_EXCLUSIVE if table else Lock.NONE
    effect = Effect(tables.size(table) if table else None, lock=lock, is_known=False)
    for rule in rules:
        if found := rule.match(text):
            effect = _effect(rule, found, table, tables)
            break
    calls = not effect.loses and CALLS.match(text) and tables.may_do_anything(text)
    if (effect.is_known and not calls) or tables.hold_nothing:
        return effect
    unknown = f"what nobody can tell: “{statements.shortened(text)}”"
    return replace(effect, loses=unknown, is_known=False)


def _effect(rule: Rule, found: re.Match[str], table: str, tables: Tables) -> Effect:
    named = {key: names.plain(value or "") for key, value in found.groupdict().items()}
    named["table"] = table = table or named.get("table", "")
    may_lose = tables.holds_rows(table) if table else True
    size = tables.size(table) if table else None
    effect = Effect(
        size=size,
        lock=rule.lock,
        work=rule.work,
        others=((tables.size(named["other"]), rule.other),) if named.get("other") else (),
        loses=rule.loses.format(**named) if may_lose else "",
        instead=rule.instead,
        remark=rule.remark,
    )
    effect = rule.look(Seen(effect, found, tables))
    if effect.loses and size and str(size) not in effect.loses:
        return replace(effect, loses=f"{effect.loses} ({size})")
    return effect
