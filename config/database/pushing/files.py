"""The migration files that a push makes and replaces; they are as before if it fails."""

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from django.db.migrations import Migration
from django.db.migrations.migration import SwappableTuple
from django.db.migrations.writer import MigrationWriter

BEFORE = ".before-push"  # at the end of the names of files that others take the place of


class Files:
    """As a block: what was made or replaced in it, and not settled, is taken back at its end."""

    def __init__(self) -> None:
        self._made: set[Path] = set()
        self._replaced: set[Path] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._made:
            file.unlink(missing_ok=True)
        for file in self._replaced:
            _before(file).rename(file)
        _forget(self._made | self._replaced)

    def made(self, files: Iterable[Path]) -> None:
        """Take note that these were not there before."""
        self._made |= {*files}

    def replace(self, old: Iterable[Path], new: Iterable[Migration]) -> None:
        """Write these migrations in the place of those files, which are kept until `settle`."""
        for file in old:
            file.rename(_before(file))
            self._replaced.add(file)
        for one in new:
            writer = MigrationWriter(writable(one))
            file = Path(writer.path)
            self._made.add(file)
            file.write_text(writer.as_string())
        _forget(self._made | self._replaced)

    def settle(self, files: Iterable[Path] | None = None) -> None:
        """Leave these files as they are now, or all of them."""
        settled = self._made | self._replaced if files is None else {*files}
        replaced = self._replaced & settled
        self._made -= settled
        self._replaced -= settled
        for file in replaced:  # last: who is stopped meanwhile takes nothing back
            _before(file).unlink()


def path(one: Migration) -> Path:
    """Return the file of a migration."""
    return Path(MigrationWriter(one).path)


def migration(key: tuple[str, str], **said: Any) -> Migration:
    """Return the migration of this app and name whose class says this."""
    app, name = key
    made: Migration = type("Migration", (Migration,), said)(name, app)
    return made


def writable(one: Migration) -> Migration:
    """Return a copy as MigrationWriter wants it: the model of a setting by the setting's name."""
    said = {
        name: getattr(one, name)
        for name in ("operations", "initial", "atomic", "replaces", "run_before")
    }
    said["dependencies"] = [
        ("__setting__", key.setting) if isinstance(key, SwappableTuple) else key
        for key in one.dependencies
    ]
    return migration((one.app_label, one.name), **said)


def _before(file: Path) -> Path:
    return file.with_name(file.name + BEFORE)


def _forget(files: Iterable[Path]) -> None:
    """Have Python read these files anew, whatever it remembers of them."""
    for file in files:
        Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)
    for name, module in [*sys.modules.items()]:
        if (found := getattr(module, "__file__", None)) and Path(found) in files:
            del sys.modules[name]
    importlib.invalidate_caches()
