"""SQL as a reader of it sees it: a script's statements, and the words of each.

PostgreSQL's lexical rules (sql-syntax-lexical.html) for remarks, strings and dollar quotes.
"""

import re
from collections.abc import Iterator

TOKENS = re.compile(
    r"""
    (?P<remark> --[^\n\r]* | /\* )
    | (?P<string> [eE]'(?:[^'\\]|\\.|'')*' (?:(?:\s|--[^\n\r]*)+ '(?:[^'\\]|\\.|'')*')*
        | '(?:[^']|'')*' )
    | (?P<body> (?P<tag>\$\w*\$) .*? (?P=tag) )
    | (?P<name> "(?:[^"]|"")*" )
    | (?P<space> \s+ )
    | (?P<end> ; )
    | (?P<word> \w[\w$]* )
    | (?P<sign> . )
    """,
    re.VERBOSE | re.DOTALL,
)
REMARK_EDGES = re.compile(r"/\*|\*/")
IN_PLACE_OF = {"remark": " ", "string": "''", "body": "$$", "space": " "}


def split(sql: str) -> list[str]:
    """Return the statements of a script as they are written, but for remarks."""
    statements = [""]
    for kind, text in _tokens(sql):
        if kind == "end":
            statements.append("")
        else:
            statements[-1] += " " if kind == "remark" else text
    return [one.strip() for one in statements if one.strip()]


def plain(statement: str) -> str:
    """Return a statement on one line, with nothing in its strings and bodies."""
    words = (IN_PLACE_OF.get(kind, text) for kind, text in _tokens(statement))
    return " ".join("".join(words).split())


def shortened(statement: str) -> str:
    """Return how it begins, without the rest of a long one."""
    return statement if len(statement) <= 60 else f"{statement[:59].rstrip()}…"


def parts(text: str) -> list[str]:
    """Return what commas separate, but for those in parentheses: the actions of an ALTER TABLE."""
    return [part.strip() for part in _parts(text)]


def _parts(text: str) -> Iterator[str]:
    depth, part = 0, ""
    for _, word in _tokens(text):
        depth += (word in "([") - (word in ")]")
        if word == "," and not depth:
            yield part
            part = ""
        else:
            part += word
    yield part


def _tokens(sql: str) -> Iterator[tuple[str, str]]:
    """Yield kind and text of each; a remark may have others in it."""
    place = 0
    while token := TOKENS.match(sql, place):
        end = _end_of_remark(sql, place) if token[0] == "/*" else token.end()
        yield str(token.lastgroup), sql[place:end]
        place = end


def _end_of_remark(sql: str, place: int) -> int:
    depth = 0
    for edge in REMARK_EDGES.finditer(sql, place):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end()
    return len(sql)
