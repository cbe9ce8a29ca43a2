"""Identifiers, as SQL writes them and as the catalog does (sql-syntax-lexical.html)."""

import re

IDENTIFIER = r'(?:"(?:[^"]|"")+"|\w[\w$]*)'
QUALIFIED = rf"(?:{IDENTIFIER}\.)?{IDENTIFIER}"
PART = re.compile(IDENTIFIER)
CALLED = re.compile(rf"({IDENTIFIER}) ?\(")
OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|`?]+")


def plain(text: str) -> str:
    """Return a name without quotes, one without any in lower case, as PostgreSQL looks it up.

    A table of another schema than `public` keeps that before it: it is another table.
    """
    parts = [_plain(part) for part in PART.findall(text)]
    return ".".join(parts[1:] if len(parts) > 1 and parts[0] == "public" else parts)


def called(text: str) -> set[str]:
    """Return the names, without a schema, of what stands before a parenthesis: functions' too."""
    return {plain(name) for name in CALLED.findall(text)}


def operators(text: str) -> set[str]:
    """Return what may be operators, by their signs."""
    return {*OPERATOR.findall(text)}


def _plain(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part.lower()
