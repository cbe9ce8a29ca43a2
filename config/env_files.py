"""What .env files say: NAME=value, a line each.

A value stands as it is up to the end of the line or a # after a space; in 'single quotes' all of it
counts; in "double quotes" \\n is a new line, and \\" and \\\\ are what they end in. `export ` may
stand before a name, as a shell wants it. Nothing is replaced within a value: a password may have a
$. Whatever else a line says stops the start, because a setting that was overheard does harm later.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured

LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)", re.ASCII)
QUOTED = re.compile(r"""\s*(?:'([^']*)'|"((?:[^"\\]|\\.)*)")\s*(?:\s#.*)?""")
COMMENT = re.compile(r"\s#")
ESCAPE = re.compile(r"\\(.)")
ESCAPED = {"n": "\n", '"': '"', "\\": "\\"}


class SettingError(ImproperlyConfigured):
    """One sentence that names the variable, or the file, and says what it must be."""


class Entry(NamedTuple):
    value: str
    file: str
    line: int

    @property
    def place(self) -> str:
        return f"{self.file}, line {self.line}"


def read(folder: Path, files: Iterable[str]) -> dict[str, Entry]:
    """Return what the files say; of two that name one variable the first wins.

    A file that is not there says nothing. Raises SettingError for one that is, and cannot be read
    or understood; what stands in the line is not part of the sentence, as it may be a secret.
    """
    entries: dict[str, Entry] = {}
    for file in files:
        entries = _parse(file, _text(folder / file)) | entries
    return entries


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        if path.is_symlink():
            raise SettingError(f"{path.name} is a link to a file that is not there.") from error
        return ""
    except OSError as error:
        raise SettingError(f"{path.name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingError(f"{path.name} is no text in UTF-8: save it as that.") from error


def _parse(file: str, text: str) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not (said := line.strip()) or said.startswith("#"):
            continue
        place = f"{file}, line {number}"
        name, value = _split(said, place)
        if name in entries:
            raise SettingError(f"{place}, sets {name}, and line {entries[name].line} did already.")
        entries[name] = Entry(value, file, number)
    return entries


def _split(line: str, place: str) -> tuple[str, str]:
    found = LINE.fullmatch(line)
    if not found or "\0" in line:
        raise SettingError(f"{place}, is not like NAME=value.")
    return found[1], _value(found[2], place)


def _value(written: str, place: str) -> str:
    if quoted := QUOTED.fullmatch(written):
        single, double = quoted.groups()
        return ESCAPE.sub(_unescaped, double) if single is None else single
    value = COMMENT.split(written, maxsplit=1)[0].strip()
    if value.startswith(("'", '"')):
        raise SettingError(f"{place}, has a quote that does not end, or something behind it.")
    return value


def _unescaped(found: re.Match[str]) -> str:
    return ESCAPED.get(found[1], found[0])
