"""SQL as a reader of it sees it: a script's statements, and the words of each.

PostgreSQL's lexical rules (sql-syntax-lexical.html) for remarks, strings and dollar quotes.
"""

import re
from collections.abc import Iterator

TOKENS = re.compile(
    r"""
    (?P<remark> --[^\n\r]* | /\*.*?\*/ )
    | (?P<string> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' )
    | (?P<body> (?P<tag>\$\w*\$) .*? (?P=tag) )
    | (?P<name> "(?:[^"]|"")*" )
    | (?P<space> \s+ )
    | (?P<end> ; )
    | (?P<word> \w[\w$]* )
    | (?P<sign> . )
    """,
    re.VERBOSE | re.DOTALL,
)
IN_PLACE_OF = {"remark": " ", "string": "''", "body": "$$", "space": " "}


def split(sql: str) -> list[str]:
    """Return the statements of a script as they are written, but for remarks."""
    statements = [""]
    for token in TOKENS.finditer(sql):
        if token.lastgroup == "end":
            statements.append("")
        else:
            statements[-1] += " " if token.lastgroup == "remark" else token[0]
    return [one.strip() for one in statements if one.strip()]


def plain(statement: str) -> str:
    """Return a statement on one line, with nothing in its strings and bodies."""
    tokens = TOKENS.finditer(statement)
    words = (IN_PLACE_OF.get(str(token.lastgroup), token[0]) for token in tokens)
    return " ".join("".join(words).split())


def shortened(statement: str) -> str:
    """Return how it begins, without the rest of a long one."""
    return statement if len(statement) <= 60 else f"{statement[:59].rstrip()}…"


def parts(text: str) -> list[str]:
    """Return what commas separate, but for those in parentheses: the actions of an ALTER TABLE."""
    return [part.strip() for part in _parts(text)]


def _parts(text: str) -> Iterator[str]:
    depth = begins = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            yield text[begins:place]
            begins = place + 1
    yield text[begins:]
