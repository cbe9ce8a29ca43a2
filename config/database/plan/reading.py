"""From the SQL of a step to what it does, table by table."""

import re
from collections.abc import Iterable, Iterator

from config.database.plan import statements
from config.database.plan.effects import Effect
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
        loses="" if tables.hold_nothing else f"nobody can tell what: “{_shortened(text)}”",
        is_known=False,
    )


def _effect(rule: Rule, found: re.Match[str], table: str, tables: Tables) -> Effect:
    names = {key: (value or "").strip('"') for key, value in found.groupdict().items()}
    table = table or names.get("table", "")
    names["table"] = table
    holds_rows = bool(table) and tables.holds_rows(table)
    return rule.look(
        Effect(
            size=tables.size(table) if table else None,
            lock=rule.lock,
            work=rule.work,
            others=((tables.size(names["other"]), rule.other),) if names.get("other") else (),
            loses=rule.loses.format(**names) if holds_rows or not table else "",
            instead=rule.instead,
        ),
        found,
        tables,
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
