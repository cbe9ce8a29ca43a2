"""From the SQL of a step to what it does, table by table."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from config.database.plan import statements
from config.database.plan.effects import Effect
from config.database.plan.locks import Lock
from config.database.plan.rules import ACTIONS, IDENTIFIER, QUALIFIED, STATEMENTS, Rule
from config.database.plan.tables import Tables

ALTER_TABLE = re.compile(
    rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{QUALIFIED}(?P<table>{IDENTIFIER}) (?P<actions>.*)",
    re.IGNORECASE,
)


def effects(sql: Iterable[str], tables: Tables) -> Iterator[Effect]:
    """Yield what each statement does, and note in `tables` what it changes."""
    for text in sql:
        for statement in statements.split(text):
            yield from _of(statement, tables)


def _of(statement: str, tables: Tables) -> Iterator[Effect]:
    if altered := ALTER_TABLE.fullmatch(statement):
        table = altered["table"].strip('"')
        for action in statements.parts(altered["actions"]):
            yield _by_rule(ACTIONS, action, table, tables)
    else:
        yield _by_rule(STATEMENTS, statement, "", tables)


def _by_rule(rules: tuple[Rule, ...], text: str, table: str, tables: Tables) -> Effect:
    for rule in rules:
        if found := rule.match(text):
            return _effect(rule, found, table, tables)
    return Effect(
        tables.size(table) if table else None,
        # ALTER TABLE takes the strongest lock unless its documentation says otherwise.
        lock=Lock.ACCESS_EXCLUSIVE if table else Lock.NONE,
        loses=""
        if tables.hold_nothing
        else f"what nobody can tell: “{statements.shortened(text)}”",
        is_known=False,
    )


def _effect(rule: Rule, found: re.Match[str], table: str, tables: Tables) -> Effect:
    names = {key: (value or "").strip('"') for key, value in found.groupdict().items()}
    names["table"] = table = table or names.get("table", "")
    size = tables.size(table) if table else None
    holds_rows = bool(table) and tables.holds_rows(table)
    effect = Effect(
        size=size,
        lock=rule.lock,
        work=rule.work,
        others=((tables.size(names["other"]), rule.other),) if names.get("other") else (),
        loses=rule.loses.format(**names) if holds_rows or not table else "",
        instead=rule.instead,
        remark=rule.remark,
    )
    effect = rule.look(effect, found, tables)
    if effect.loses and size and str(size) not in effect.loses:
        return replace(effect, loses=f"{effect.loses} ({size})")
    return effect
