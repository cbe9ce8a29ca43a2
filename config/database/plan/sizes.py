"""How much a table holds, as a step meets it."""

from dataclasses import dataclass

from config.database.wording import in_bytes, many

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
        return f"{rows}, {in_bytes(self.bytes) if self.bytes else 'empty'}"


def _counted(rows: int) -> str:
    return many(rows, "row") if rows < 1_000_000 else f"{rows / 1_000_000:.1f} million rows"
