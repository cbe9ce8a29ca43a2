"""Data of root's clones that are gone: it lies outside of them, and stays when they are deleted.

It is named, never removed: a clone that was moved has its rows there, too, and is known again from
its next start on.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from config.database.embedded import cluster, programs


class Leftover(NamedTuple):
    data: Path
    record: Path
    clone: Path  # its folder .postgres/<purpose>, where it was last

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(path.stat().st_size for path in self.data.rglob("*") if path.is_file())


def remember(data: Path, clone: Path) -> None:
    """Write down beside the data whose it is."""
    _record(data).write_text(str(clone))


def found() -> Iterator[Leftover]:
    """Return data whose clone is not where it was, but what a server runs on."""
    if not programs.server_user():
        return
    for record in sorted(programs.folder_of_root().glob("data-*.clone")):
        data, clone = record.with_suffix(""), Path(record.read_text())
        is_home = clone.exists() and data.name.startswith(f"data-{clone.stat().st_ino}-")
        if data.exists() and not is_home and not cluster.listening_port(data):
            yield Leftover(data, record, clone)


def _record(data: Path) -> Path:
    return data.with_name(f"{data.name}.clone")
