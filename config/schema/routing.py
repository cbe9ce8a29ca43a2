"""The sizes of everything in the drawing, and the lines from foreign keys to the tables they name.

Lines run upright in the channels beside the columns and level in the streets above the shelves,
where nothing stands. All lines to one table share a lane, so that they come together instead of
spreading. Lines to different tables only cross, they never lie on one another: boxes stand on a
grid, and each kind of end has its own height within it.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from config.schema.catalog import ForeignKey
from config.schema.placing import Box, Plan

GRID = 20  # also the height of a row
HEAD = 30
GAP = 10
MARGIN = 18  # on both sides of a channel's lanes: the ends of lines, and the edges of frames
LANE = 7
LETTER = 7.4  # the width of a letter, monospaced, at 12 px
NARROW, WIDE, WIDEST = 140, 224, 320  # the widest has types beside its columns
MARKS = 28

BEGINS_LEFT, BEGINS_RIGHT, ENDS_LEFT, ENDS_RIGHT = 0, 6, 12, 15
SPREAD = (0, 3, -3)  # several foreign keys of one row

Point = tuple[int, int]


@dataclass
class Line:
    """A foreign key's way; channels have the number of the column to their right."""

    key: ForeignKey
    source: Box
    target: Box
    begins: int
    ends: int
    points: list[Point] = field(default_factory=list)


@dataclass
class Drawing:
    plan: Plan
    lines: list[Line]
    columns: list[range]  # from left to right
    shelves: list[range]  # from top to bottom
    width: int


class Lanes:
    """The lanes of channels, or of streets: one for each table that lines lead to."""

    def __init__(self) -> None:
        self._targets: defaultdict[int, list[Box]] = defaultdict(list)

    def take(self, number: int, target: Box) -> None:
        if target not in self._targets[number]:
            self._targets[number].append(target)

    def offset(self, number: int, target: Box) -> int:
        targets = self._targets[number]
        return MARGIN + targets.index(target) * LANE if target in targets else 0

    def width(self, number: int) -> int:
        lanes = len(self._targets[number])
        return 2 * MARGIN + (lanes - 1) * LANE if lanes else MARGIN + GAP


def drawn(plan: Plan) -> Drawing:
    """Give each box of the plan its place and size, and each foreign key its line."""
    lines = [_line(key, plan) for key in plan.keys if key.to_table in plan.boxes]
    channels, streets = _lanes(lines)
    columns = _columns(plan, channels)
    shelves = _shelves(plan, streets)
    starts = _starts(lines)
    for line in lines:
        out, back = (
            _before(columns, number) + channels.offset(number, line.target)
            for number in (line.begins, line.ends)
        )
        level = _before(shelves, line.target.shelf) + streets.offset(line.target.shelf, line.target)
        line.points = _points(line, starts[line.key], out, back, level)
    width = _before(columns, len(columns)) + channels.width(len(columns))
    return Drawing(plan, lines, columns, shelves, width)


def _line(key: ForeignKey, plan: Plan) -> Line:
    """Choose the sides: the same channel for both ends if they share one, else near ones."""
    source, target = plan.boxes[key.table], plan.boxes[key.to_table]
    left, right = source.column, target.column + 1
    begins, ends = min(
        ((a, b) for a in (left, left + 1) for b in (right, right - 1)),
        key=lambda sides: (abs(sides[0] - sides[1]), sides[1] != right, sides[0] != left),
    )
    return Line(key, source, target, begins, ends)


def _lanes(lines: list[Line]) -> tuple[Lanes, Lanes]:
    channels, streets = Lanes(), Lanes()
    for line in sorted(lines, key=lambda line: (line.target.shelf, line.target.column)):
        channels.take(line.begins, line.target)
        channels.take(line.ends, line.target)
        if line.begins != line.ends:
            streets.take(line.target.shelf, line.target)
    return channels, streets


def _columns(plan: Plan, channels: Lanes) -> list[range]:
    """Give the boxes of each column the width of its widest text."""
    columns: list[range] = []
    for number in range(1 + max((box.column for box in plan.boxes.values()), default=-1)):
        boxes = [box for box in plan.boxes.values() if box.column == number]
        width = max((_width(box) for box in boxes), default=NARROW)
        left = (columns[-1].stop if columns else 0) + channels.width(number)
        columns.append(range(left, left + width))
        for box in boxes:
            box.x, box.width = left, width
    return columns


def _width(box: Box) -> int:
    longest = max((len(row.text) + len(row.detail) + 2 for row in box.rows), default=0)
    marks = MARKS if any(row.mark for row in box.rows) else 0
    text = max((len(box.name) + 1) * LETTER, longest * LETTER + marks)
    return min(max(round(text) + GRID, NARROW), WIDEST if marks else WIDE)


def _shelves(plan: Plan, streets: Lanes) -> list[range]:
    """Stack the boxes of each column on their shelf, on the grid."""
    shelves: list[range] = []
    label = GRID if plan.frames else 0
    for number in range(1 + max((box.shelf for box in plan.boxes.values()), default=-1)):
        street = (shelves[-1].stop if shelves else 0) + streets.width(number)
        top = bottom = _on_grid(street + label)
        heights: dict[int, int] = {}
        for box in plan.boxes.values():
            if box.shelf == number:
                box.y, box.height = heights.get(box.column, top), _height(box)
                heights[box.column] = _on_grid(box.y + box.height + GAP)
                bottom = max(bottom, box.y + box.height)
        shelves.append(range(top - label, bottom))
    return shelves


def _height(box: Box) -> int:
    return HEAD + len(box.rows) * GRID + (HEAD - GRID if box.rows else 0)


def _on_grid(y: int) -> int:
    """Return the next line of the grid at or below this height."""
    return -(-y // GRID) * GRID


def _before(ranges: list[range], number: int) -> int:
    """Return where the one before this one ends."""
    return ranges[number - 1].stop if number else 0


def _starts(lines: list[Line]) -> dict[ForeignKey, int]:
    """Return the height at which each foreign key leaves its row, beside others of the row."""
    seen: defaultdict[tuple[str, int], int] = defaultdict(int)
    heights = {}
    for line in lines:
        row = line.source.starts[line.key]
        spread = SPREAD[seen[line.source.name, row] % len(SPREAD)]
        seen[line.source.name, row] += 1
        side = BEGINS_LEFT if line.begins == line.source.column else BEGINS_RIGHT
        heights[line.key] = line.source.y + HEAD + row * GRID + GRID // 2 + side + spread
    return heights


def _points(line: Line, start: int, out: int, back: int, level: int) -> list[Point]:
    """Return the corners of a line: out of the box, along its lanes, into the other box."""
    source, target = line.source, line.target
    from_left = line.begins == source.column
    to_left = line.ends == target.column
    end = target.y + (ENDS_LEFT if to_left else ENDS_RIGHT)
    between = [(out, start), (out, level), (back, level), (back, end)]
    if line.begins == line.ends:
        between = [(out, start), (back, end)]
    return [
        (source.x + (0 if from_left else source.width), start),
        *between,
        (target.x + (0 if to_left else target.width), end),
    ]
