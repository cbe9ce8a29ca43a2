"""The files of an export: nobody else's to read, whole or not there, and checked before use."""

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.core.management.base import CommandError

from config.database.backups.progress import Progress

CHUNK = 1024 * 1024  # bytes
# What exports call theirs, which dumping.py names.
OURS = re.compile(r"-\d{8}T\d{6}\.\d{6}Z(-[a-z0-9-]+)?\.(dump|sql)(\.json|\.sha256)?\.part$")


class Part(NamedTuple):
    """A file that is not whole yet, under the name it has until then."""

    path: Path
    descriptor: int


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Part]:
    """Fill a file that has the name `path` once the block is through.

    It is readable for this user alone from the first byte. Raises CommandError if it cannot be
    written; then nothing is left of it.
    """
    part = path.with_name(f"{path.name}.part")
    with _said_as_sentence(path):
        descriptor = _open_new(part)
    try:
        yield Part(part, descriptor)
        with _said_as_sentence(path):
            os.fsync(descriptor)
            part.rename(path)
            _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)
        os.close(descriptor)


@contextlib.contextmanager
def gone_on_failure(*paths: Path) -> Iterator[None]:
    """Delete these files unless the block is got through."""
    try:
        yield
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise


def make_folder(folder: Path) -> None:
    """Make the folder, for this user alone, unless it is there; raises CommandError."""
    with _said_as_sentence(folder):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # another may do so, too
            folder.chmod(0o700)  # whatever the umask takes away


def clear_leftovers(folder: Path) -> None:
    """Delete what exports have left that were killed: nobody holds a lock on it any more.

    The folder may be anybody's: a browser calls what it has not downloaded yet `.part`, too.
    """
    for part in (one for one in folder.glob("*.part") if OURS.search(one.name)):
        with contextlib.suppress(OSError), part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()


def write(path: Path, text: str) -> None:
    """Write a small file, whole or not at all; raises CommandError."""
    with whole(path) as part, _said_as_sentence(path):
        part.path.write_text(text)


def checksum(descriptor: int, progress: Progress) -> str:
    """Return the SHA-256 of an open file, in hexadecimal."""
    digest, total, size = hashlib.sha256(), os.fstat(descriptor).st_size, 0
    while chunk := os.pread(descriptor, CHUNK, size):
        digest.update(chunk)
        progress.reached(size := size + len(chunk), total)
    progress.over()
    return digest.hexdigest()


def sum_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write_checksums(path: Path, sums: dict[str, str]) -> None:
    """Write what `sha256sum -c` reads, given the sums by the names of the files."""
    write(path, "".join(f"{digest}  {name}\n" for name, digest in sums.items()))


def read_checksums(path: Path) -> dict[str, str]:
    """Return the sums by the names of the files."""
    lines = (line.split(maxsplit=1) for line in path.read_text().splitlines())
    return {name.removeprefix("*"): digest for digest, name in lines}


def _open_new(part: Path) -> int:
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    os.fchmod(descriptor, 0o600)  # whatever the umask takes away
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    if not os.fstat(descriptor).st_nlink:  # another took it for a leftover, before it was locked
        os.close(descriptor)
        return _open_new(part)
    return descriptor


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _said_as_sentence(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
