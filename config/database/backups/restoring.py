"""Bringing an export back, in one transaction: whatever fails leaves what was there.

psql reads one script: what makes room, the export, and what looks whether all has come. It is told
to commit once everything before that went well. Whatever ends this process or one of its programs
ends the transaction, too.
"""

import contextlib
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Any

import psycopg
from django.core.management.base import CommandError

from config.database import clients
from config.database.backups import files, scripts, tables
from config.database.backups.manifest import Manifest
from config.database.backups.progress import Progress
from config.database.backups.sources import Source

# Programs from 17 on set it for whichever server, and servers before 17 do not know it.
TRANSACTION_TIMEOUT = b"SET transaction_timeout = 0;\n"


def is_empty(connection: psycopg.Connection) -> bool:
    """Return whether the database has no table of anybody's."""
    return not tables.names(connection.cursor())


def restore(
    source: Source, parameters: dict[str, Any], connection: psycopg.Connection, *, over: bool
) -> int:
    """Restore into the database of these parameters of libpq, to which the connection leads, too.

    With `over` the export takes the place of what is there. Returns how many emails wait no longer.
    Raises CommandError, and nothing has changed then.
    """
    psql, pg_restore = (clients.find(name, connection) for name in ("psql", "pg_restore"))
    _check_versions(source, pg_restore, connection.info.server_version // 10000)
    flags = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
    with tempfile.TemporaryFile() as answer:
        streams = {"stdin": subprocess.PIPE, "stdout": answer}
        with clients.running(psql, *flags, to=parameters, **streams) as run:
            # If psql stops, it says why.
            with contextlib.suppress(BrokenPipeError), run.input as script:
                script.write(scripts.before(source.manifest, over=over).encode())
                _hand_on(source, pg_restore, script, connection.info.server_version)
                script.write(scripts.after(source.manifest).encode())
            run.finish()
        return _held_emails(answer)


def differences(told: Manifest, connection: psycopg.Connection) -> list[str]:
    """Return what is made in another way than what was exported, in sentences.

    PostgreSQL of another version may write the same thing down differently: then none is found.
    """
    if told.part == "data" or told.server // 10000 != connection.info.server_version // 10000:
        return []
    with connection.transaction():
        found = tables.shapes(connection.cursor())
    return [
        f"The {name} {_difference(name, told.shapes, found)}."
        for name in sorted(told.shapes.keys() | found.keys())
        if told.shapes.get(name) != found.get(name)
    ]


def _check_versions(source: Source, pg_restore: Path, server: int) -> None:
    made_of = source.made_of(pg_restore)
    if made_of > server:
        raise CommandError(
            f"{source.path.name} is of PostgreSQL {made_of}, and this server is of {server}: "
            "restore it into one that is not older."
        )


def _hand_on(source: Source, pg_restore: Path, script: IO[bytes], server: int) -> None:
    progress, size = Progress(), 0
    with source.script(pg_restore) as export:
        while chunk := export.read(files.CHUNK):
            if not size and server < 170000:
                chunk = chunk.replace(TRANSACTION_TIMEOUT, b"", 1)
            script.write(chunk)
            progress.reached(size := size + len(chunk))
    progress.over()


def _held_emails(answer: IO[bytes]) -> int:
    """Return what psql said last; raises CommandError if a `\\q` in the export had it stop."""
    answer.seek(0)
    last = answer.read().decode(errors="replace").splitlines()[-1:]
    word, _, number = "".join(last).partition(" ")
    if word != scripts.RESTORED:
        raise CommandError("psql stopped before the end of the export, so nothing was changed.")
    return int(number)


def _difference(name: str, told: dict[str, str], found: dict[str, str]) -> str:
    if name not in found:
        return "is missing"
    return "is made in another way" if name in told else "was not in what was exported"
