"""manage.py env: every variable that is set, and where it comes from."""

import difflib
import os
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from psycopg.pq import Conninfo

from config import env_files
from config.env import BASE_DIR, SettingError, file_names, from_files, read_environment
from config.env_files import Entry
from config.masks import masked

EXAMPLE = ".env.example"
# libpq's own, which count where DATABASE_URL leaves something open.
LIBPQ = {option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar}
LIBPQ |= {"PGSERVICEFILE", "PGSYSCONFDIR"}


class Command(BaseCommand):
    """manage.py runs it past Django, so that it works where the settings cannot be read."""

    help = "Print every variable that is set and where it comes from; secrets are masked."
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        environment = read_environment()
        said = env_files.read(BASE_DIR, file_names(environment))
        names = known_names()
        self.stdout.write(f"ENVIRONMENT is {environment}, which reads {_files(environment)}.\n")
        for line in _table(_rows(names, said)):
            self.stdout.write(line)
        unset = textwrap.fill(", ".join(name for name in names if name not in os.environ), 100)
        self.stdout.write(f"\nNot set, so with the defaults of {EXAMPLE}:\n{unset}")
        for line in [*_unknown(names, said), *_unread()]:
            self.stdout.write(f"\n{line}")
        _check_settings()


def known_names() -> list[str]:
    """Return the variables in the order of .env.example, which lists all that the project reads."""
    return re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / EXAMPLE).read_text(), re.MULTILINE)


def _files(environment: str) -> str:
    files = [
        file if (BASE_DIR / file).exists() else f"{file} (not there)"
        for file in file_names(environment)
    ]
    return f"{', '.join(files)}; the first one wins" if files else "no file"


def _rows(names: list[str], said: dict[str, Entry]) -> Iterator[tuple[str, str, str]]:
    """Return name, value and origin of each variable that is set and that somebody reads."""
    for name in [*names, *sorted(LIBPQ - {*names})]:
        if name in os.environ:
            yield name, masked(name, os.environ[name]) or "(empty)", _origin(name, said)


def _origin(name: str, said: dict[str, Entry]) -> str:
    if name in from_files:
        return from_files[name].place
    return f"environment, over {said[name].place}" if name in said else "environment"


def _table(rows: Iterator[tuple[str, str, str]]) -> Iterator[str]:
    table = list(rows)
    widths = [max((len(row[column]) for row in table), default=0) for column in (0, 1)]
    for name, value, origin in table:
        yield f"{name:{widths[0]}}  {value:{widths[1]}}  {origin}"


def _unknown(names: list[str], said: dict[str, Entry]) -> Iterator[str]:
    """Point out what a file sets and nobody reads; not its value, which may be a secret."""
    for name in said.keys() - {*names} - LIBPQ:
        near = difflib.get_close_matches(name.upper(), names, 1)
        advice = f": is {near[0]} meant?" if near else "."
        yield f"{said[name].place}: nothing reads {name}{advice}"


def _unread() -> Iterator[str]:
    """Point out files whose name is no environment's, such as .env.prod.local."""
    environments = ("development", "staging", "production")
    read = {EXAMPLE, *(file for name in environments for file in file_names(name))}
    for path in sorted(BASE_DIR.glob(".env*")):
        if path.name not in read:
            yield f"{path.name} is read in no environment."


def _check_settings() -> None:
    try:
        settings.INSTALLED_APPS  # noqa: B018 — which reads all of them
    except SettingError as error:
        raise CommandError(f"Nothing starts with these: {error}") from error
