"""What migrations make by SQL of their own, of which the models know nothing."""

import re
from collections.abc import Iterator, Set
from typing import NamedTuple

from config.schema import statements

BODY = re.compile(r"(\$\w*\$)(.*?)\1", re.DOTALL)
NAME = r'(?:"?\w+"?\.)?"?(\w+)"?(?![\w%{])'
TABLE = rf"(?:ONLY )?{NAME}"
IF = r"(?:IF (?:NOT )?EXISTS )?"
STATEMENTS = {
    "function": rf"(CREATE|DROP)(?: OR REPLACE)? FUNCTION {IF}{NAME}()",
    "table": rf"(CREATE|DROP)(?: UNLOGGED)? TABLE {IF}{NAME}()",
    "view": rf"(CREATE|DROP)(?: OR REPLACE)?(?: MATERIALIZED)? VIEW {IF}{NAME}()",
    "index": rf"(CREATE|DROP)(?: UNIQUE)? INDEX (?:CONCURRENTLY )?{IF}{NAME}(?: ON {TABLE})?",
    "trigger": rf"(CREATE|DROP)(?: OR REPLACE)?(?: CONSTRAINT)? TRIGGER {IF}{NAME} .*?\bON {TABLE}",
}
ALTER = re.compile(rf"ALTER TABLE {IF}{TABLE} (.*)", re.IGNORECASE)
PART = re.compile(rf"(ADD|DROP) (CONSTRAINT|COLUMN) {IF}{NAME}", re.IGNORECASE)
SETTINGS = re.compile(r"(?:DO\b.*)?\bALTER FUNCTION\b.*\bSET\b", re.IGNORECASE | re.DOTALL)
PERMANENT = re.compile(
    r"(?<=^CREATE) UNLOGGED| CONCURRENTLY\b", re.IGNORECASE
)  # no temporary one is
TAKEN = re.compile(rf"\bUSING INDEX {NAME}", re.IGNORECASE)
# A name in a schema, which may be any; what a trigger or a row of it are called may stand there.
ELSEWHERE = re.compile(r'(?<![\w.])(?!(?:old|new|pg_catalog)\b|\d)"?\w+"?\."?\w', re.IGNORECASE)


class Made(NamedTuple):
    kind: str  # function, table, view, column, constraint, index, trigger
    name: str
    table: str  # that it is on; empty for a function, table or view


class ByHand:
    """Read from the SQL that has been run, in its order.

    `words` are all of its names, be it in a loop that makes ten of a kind, and those of `python`,
    the source of what makes things in ways of its own. `made` is what plain statements made and
    none removed, each with its statement. Of the functions those that are named in `with_settings`
    were given some (SET …), maybe in a loop. `left` is what the models alone have lost: app, model
    and, of a column, its field.
    """

    def __init__(
        self, sql: list[str], python: str = "", left: Set[tuple[str, ...]] = frozenset()
    ) -> None:
        self.left = left
        self.python = {*re.findall(r"\w+", python)}
        self.words = {word for text in sql for word in re.findall(r"\w+", text)} | self.python
        self.with_settings: set[str] = set()
        self.made: dict[Made, str] = {}
        for text in sql:
            for statement in statements.split(text):
                self._read(statement)

    def again(self, tables: set[str]) -> Iterator[str]:
        """Yield the statements that made something, in their order, to be made as temporary ones.

        Only those that name none of these tables and nothing in a schema: they touch nothing that
        is there. Functions are looked for among the temporary ones if one says so alone.
        """
        functions = [re.escape(one.name) for one in self.made if one.kind == "function"]
        call = re.compile(rf"\b({'|'.join(functions)})(?=\s*\()") if functions else None
        for statement in dict.fromkeys(self.made.values()):
            plain = statements.plain(statement)
            if ELSEWHERE.search(plain) or {*re.findall(r"\w+", plain)} & tables:
                continue
            if call and not plain.upper().startswith(("CREATE FUNCTION", "CREATE OR REPLACE FUNC")):
                statement = call.sub(r"pg_temp.\1", statement)
            yield PERMANENT.sub("", statement)

    def body(self, function: str) -> str | None:
        """Return what a function does as PostgreSQL keeps it, None if no plain statement says."""
        body = BODY.search(self.made.get(Made("function", function, ""), ""))
        return body and body[2]

    def is_left(self, app: str, model: str, column: str) -> bool:
        """Whether a field of this model was taken away, and its column is to go later."""
        return not self.left.isdisjoint(
            {(app, model, column), (app, model, column.removesuffix("_id"))}
        )

    def is_left_table(self, name: str) -> bool:
        return any(len(one) == 2 and "_".join(one) == name for one in self.left)

    def _read(self, statement: str) -> None:
        plain = statements.plain(statement)
        if SETTINGS.match(statement):
            self.with_settings |= {*re.findall(r"\w+", statement)}
        for kind, pattern in STATEMENTS.items():
            if found := re.match(pattern, plain, re.IGNORECASE):
                verb, name, table = found.groups()
                self._note(verb, Made(kind, name, table or ""), statement)
        if altered := ALTER.match(plain):
            for verb, kind, name in PART.findall(altered[2]):
                self._note(verb, Made(kind.lower(), name, altered[1]), statement)
            for index in TAKEN.findall(altered[2]):  # by a constraint, which gives it its name
                self._note("DROP", Made("index", index, ""), statement)

    def _note(self, verb: str, made: Made, statement: str) -> None:
        gone = [made]
        if made.kind == "index":  # which is dropped without a word of its table
            gone = [one for one in self.made if one[:2] == made[:2]]
        elif made.kind == "table":
            gone += [one for one in self.made if one.table == made.name]
        for one in gone:
            self.made.pop(one, None)
        if verb.upper() != "DROP":
            self.made[made] = statement
