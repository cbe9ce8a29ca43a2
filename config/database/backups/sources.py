"""A file that is to be restored: what it is, whether it is what was exported, its SQL."""

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.core.management.base import CommandError

from config.database import clients
from config.database.backups import files, manifest
from config.database.backups.manifest import Manifest
from config.database.backups.progress import Progress

CUSTOM, PLAIN = b"PGDMP", b"-- PostgreSQL database dump\n"
COMPLETE = b"-- PostgreSQL database dump complete\n"
MADE_OF = re.compile(r"Dumped from database version:? (\d+)")
END = 4096  # bytes in which pg_dump says what it has to


@dataclass(frozen=True)
class Source:
    path: Path
    is_sql: bool
    manifest: Manifest | None  # what is told of it, if that was not left unverified

    @property
    def part(self) -> str:
        return self.manifest.part if self.manifest else "all"

    def made_of(self, pg_restore: Path) -> int:
        """Return the major version of the PostgreSQL it was exported from; 0 if that is unknown.

        Raises CommandError for a file that this pg_restore cannot read.
        """
        version = MADE_OF.search(self._head(pg_restore))
        return int(version[1]) if version else 0

    @contextlib.contextmanager
    def script(self, pg_restore: Path) -> Iterator[IO[bytes]]:
        """Open the SQL of the export; raises CommandError at the end if it was not all."""
        if self.is_sql:
            with self.path.open("rb") as file:
                yield file
            return
        flags = ["--no-owner", "--no-privileges", "--no-tablespaces", "--file=-"]
        with clients.running(pg_restore, *flags, self.path, stdout=subprocess.PIPE) as run:
            yield run.output
            run.finish()

    def _head(self, pg_restore: Path) -> str:
        if self.is_sql:
            with self.path.open(errors="replace") as file:
                return file.read(END)
        with clients.running(pg_restore, "--list", self.path, stdout=subprocess.PIPE) as run:
            said = run.output.read().decode(errors="replace")
            run.finish()
        return said


def open_source(path: Path, *, unverified: bool) -> Source:
    """Return what the file is, once it was compared with its checksum.

    Raises CommandError for a file that is not as it was exported, or is no export at all. With
    `unverified` nothing is compared, and nothing but the file needed.
    """
    try:
        _check_is_file(path)
        told = None if unverified else _verified(path)
        head, tail = _ends(path)
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be read: {error.strerror}.") from error
    is_sql = PLAIN in head
    if not is_sql and not head.startswith(CUSTOM):
        raise CommandError(f"{path} is no export: pg_dump wrote neither its format nor its SQL.")
    if is_sql and COMPLETE not in tail:
        raise CommandError(f"{path} is not whole: its end is missing.")
    return Source(path, is_sql, told)


def _check_is_file(path: Path) -> None:
    """Raise CommandError if it is none, with the newest export that is near."""
    if not path.is_file():
        is_folder = path.is_dir()
        folder = path if is_folder else path.parent
        there = [one for one in folder.glob("*") if one.suffix in (".dump", ".sql")]
        newest = max(there, key=lambda one: one.stat().st_mtime, default=None)
        told = f" The newest export there: {newest}" if newest else ""
        raise CommandError(f"{path} {'is a folder' if is_folder else 'is not there'}.{told}")


def _verified(path: Path) -> Manifest:
    """Return what is told of the file, once both are as they were written."""
    beside, sums = manifest.beside(path), manifest.checksums_beside(path)
    if missing := [one.name for one in (sums, beside) if path.exists() and not one.exists()]:
        raise CommandError(
            f"{' and '.join(missing)} should be beside {path}, to compare with. If you know where "
            "the file comes from, --unverified restores it without."
        )
    told = files.read_checksums(sums)
    for one in (path, beside):
        descriptor = os.open(one, os.O_RDONLY)
        try:
            if files.checksum(descriptor, Progress()) != told.get(one.name):
                raise CommandError(f"{one} is not what was exported: its checksum is another one.")
        finally:
            os.close(descriptor)
    return Manifest.read(beside)


def _ends(path: Path) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        head = file.read(END)
        file.seek(max(0, path.stat().st_size - END))
        return head, file.read()
