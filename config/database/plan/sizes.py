"""How much a table holds, as a step meets it."""

from dataclasses import dataclass

SMALL = 8 * 2**20  # bytes that are read, or written anew, in a tenth of a second or so


@dataclass(frozen=True)
class Size:
    table: str
    rows: int | None  # PostgreSQL's estimate; None until it has counted
    bytes: int | None  # None of a table that is not in the search path
    is_new: bool = False  # made in the same plan

    @property
    def is_small(self) -> bool:
        return self.bytes is not None and self.bytes <= SMALL

    def __str__(self) -> str:
        if self.is_new:
            return "new"
        if self.bytes is None:
            return "of unknown size"
        rows = "rows not counted yet" if self.rows is None else _counted(self.rows)
        return f"{rows}, {_measured(self.bytes)}"


def _counted(rows: int) -> str:
    if rows == 1:
        return "1 row"
    return f"{rows:,} rows" if rows < 1_000_000 else f"{rows / 1_000_000:.1f} million rows"


def _measured(size: int) -> str:
    for unit, factor in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if size >= factor:
            number = size / factor
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{size} bytes" if size else "empty"
