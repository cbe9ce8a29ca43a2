"""What migrations make by SQL of their own, of which the models know nothing."""

import re
from typing import NamedTuple

# Bodies of functions, and remarks: what stands there is not made.
ASIDE = re.compile(r"(\$\w*\$).*?\1|--[^\n]*|/\*.*?\*/", re.DOTALL)
NAME = r'"?(\w+)"?'
TABLE = rf'(?:ONLY )?(?:"?\w+"?\.)?{NAME}'
IF = r"(?:IF (?:NOT )?EXISTS )?"
STATEMENTS = {
    "table": rf"(CREATE|DROP)(?: UNLOGGED)? TABLE {IF}{NAME}()",
    "view": rf"(CREATE|DROP)(?: OR REPLACE)?(?: MATERIALIZED)? VIEW {IF}{NAME}()",
    "index": rf"(CREATE|DROP)(?: UNIQUE)? INDEX (?:CONCURRENTLY )?{IF}{NAME}(?: ON {TABLE})?",
    "trigger": rf"(CREATE|DROP)(?: OR REPLACE)?(?: CONSTRAINT)? TRIGGER {IF}{NAME} .*?\bON {TABLE}",
}
ALTER = re.compile(rf"ALTER TABLE {IF}{TABLE} (.*)", re.IGNORECASE)
PART = re.compile(rf"(ADD|DROP) (CONSTRAINT|COLUMN) {IF}{NAME}", re.IGNORECASE)


class Made(NamedTuple):
    kind: str  # table, view, column, constraint, index, trigger
    name: str
    table: str  # that it is on; empty for a table or view


class ByHand:
    """Read from the SQL that has been run, in its order.

    `words` are all of its names, be it in a loop that makes ten of a kind; `made` is what plain
    statements made and none removed.
    """

    def __init__(self, sql: list[str]) -> None:
        self.words = {word for text in sql for word in re.findall(r"\w+", text)}
        self.made: set[Made] = set()
        for text in sql:
            for statement in ASIDE.sub(" ", text).split(";"):
                self._read(" ".join(statement.split()))

    def _read(self, statement: str) -> None:
        for kind, pattern in STATEMENTS.items():
            if found := re.match(pattern, statement, re.IGNORECASE):
                verb, name, table = found.groups()
                self._note(verb, Made(kind, name, table or ""))
        if altered := ALTER.match(statement):
            for verb, kind, name in PART.findall(altered[2]):
                self._note(verb, Made(kind.lower(), name, altered[1]))

    def _note(self, verb: str, made: Made) -> None:
        if verb.upper() != "DROP":
            self.made.add(made)
        elif made.kind == "index":  # which is dropped without a word of its table
            self.made -= {one for one in self.made if one[:2] == made[:2]}
        else:
            self.made.discard(made)
