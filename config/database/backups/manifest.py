"""What an export holds, told beside it, so that whoever restores it can see that all is there."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from django.core.management.base import CommandError

type Part = Literal["all", "schema", "data"]


@dataclass(frozen=True)
class Manifest:
    environment: str
    database: str
    server: int  # PostgreSQL's version, as 180004
    taken: str  # when, in ISO 8601: the moment of the snapshot
    part: Part
    tables: list[str]  # those asked for; none means all
    left_out: list[str]  # tables of which the rows are not in the file
    rows: dict[str, int]  # how many each table has in the file
    shapes: dict[str, str]  # how each table, view, function … is made: see tables.shapes

    @property
    def is_complete(self) -> bool:
        """Whether it is of the whole database, but for rows that are worth nothing later."""
        return self.part == "all" and not self.tables

    def written(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what the file says; raises CommandError if that is not what one says."""
        try:
            return cls(**json.loads(path.read_bytes()))
        except (ValueError, TypeError) as error:
            raise CommandError(f"{path} does not tell what the export holds.") from error


def beside(export: Path) -> Path:
    """Return where the manifest of an export is."""
    return export.with_name(f"{export.name}.json")


def checksums_beside(export: Path) -> Path:
    """Return where the checksums of an export and its manifest are."""
    return export.with_name(f"{export.name}.sha256")
