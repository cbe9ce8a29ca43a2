"""Folders that several processes share, each of which may be killed at any moment."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Wait to be the only one, among processes and threads alike, who changes this folder."""
    lock = open_lock(folder / "change.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        # Not by closing alone: a process that was forked meanwhile has the file open too.
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)


def open_lock(file: Path) -> int:
    """Open a file to lock; the lock goes with the last process that has this descriptor."""
    return os.open(file, os.O_RDWR | os.O_CREAT, 0o600)


@contextlib.contextmanager
def made_whole(folder: Path) -> Iterator[Path]:
    """Fill a folder under another name, so that who is killed meanwhile leaves none half full."""
    prefix = f"{folder.name}.unfinished-"
    for leftover in folder.parent.glob(f"{prefix}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    # A new name each time: an initdb whose parent was killed may still write to the last one.
    unfinished = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    yield unfinished
    unfinished.rename(folder)
