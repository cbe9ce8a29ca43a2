"""The schema as a drawing: SVG without script or inline style; static/css/admin/diagram.css."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.schema.catalog import ForeignKey, Table
from config.schema.placing import Box, Frame, around, whole
from config.schema.routing import (
    GRID,
    HEAD,
    LETTER,
    MARKS,
    Drawing,
    Line,
    Point,
    drawn,
)

COLORS = range(1, 7)  # of lines, in diagram.css: those that lead to one table have the same
ROUND = 5
PAD = 10


def draw(tables: dict[str, Table], focus: str | None = None) -> SafeString:
    """Return the drawing of these tables, or of one with all columns and its neighbors.

    Tables are links to their pages. `focus` is a key of `tables`.
    """
    plan = whole(tables) if focus is None else around(tables, focus)
    drawing = drawn(plan)
    height = max((shelf.stop for shelf in drawing.shelves), default=0) + GRID
    colors = _colors(drawing)
    return format_html(
        # A wide drawing scrolls, also for whoever has a keyboard and no link in it to go to.
        '<figure class="diagram" tabindex="0" aria-label="Diagram">'
        '<svg class="diagram-drawing" width="{}" height="{}" role="group"'
        ' aria-label="{}">{}<g aria-hidden="true">{}</g>{}</svg></figure>',
        drawing.width,
        height,
        f"{focus} and its neighbors" if focus else "Every table and what it points at",
        _join(_frame(frame, drawing) for frame in plan.frames),
        _join(
            _line(line, colors[line.target.name], _is_one(line.key, tables))
            for line in drawing.lines
        ),
        _join(_box(box, box.name == focus) for box in plan.boxes.values()),
    )


def _colors(drawing: Drawing) -> dict[str, int]:
    """Give each table that lines lead to a color, another than its neighbors in a channel have."""
    channels: defaultdict[str, set[int]] = defaultdict(set)
    for line in drawing.lines:
        channels[line.target.name] |= {line.begins, line.ends}
    colors: dict[str, int] = {}
    for name in channels:
        near = Counter(colors[other] for other in colors if channels[other] & channels[name])
        used = Counter(colors.values())
        colors[name] = min(COLORS, key=lambda color: (near[color], used[color]))
    return colors


def _frame(frame: Frame, drawing: Drawing) -> SafeString:
    left, right = drawing.columns[frame.first].start, drawing.columns[frame.last].stop
    shelf = drawing.shelves[frame.shelf]
    return format_html(
        '<rect class="diagram-app" x="{}" y="{}" width="{}" height="{}" rx="8"/>'
        '<text class="diagram-label" x="{}" y="{}">{}</text>',
        left - PAD,
        shelf.start - PAD // 2,
        right - left + 2 * PAD,
        len(shelf) + PAD + PAD // 2,
        left,
        shelf.start + PAD,
        frame.label,
    )


def _box(box: Box, is_focus: bool) -> SafeString:
    head = format_html(
        '<rect class="diagram-table" x="{}" y="{}" width="{}" height="{}" rx="5"/>'
        '<text class="diagram-name" x="{}" y="{}">{}</text>',
        box.x,
        box.y,
        box.width,
        box.height,
        box.x + PAD,
        box.y + GRID,
        _short(box.name, box.width - 2 * PAD),
    )
    if not is_focus:
        url = reverse("admin:schema_table", args=[box.name])
        head = format_html('<a href="{}"><title>{}</title>{}</a>', url, box.name, head)
    return head + _join(_row(box, number) for number in range(len(box.rows)))


def _row(box: Box, number: int) -> SafeString:
    row = box.rows[number]
    y = box.y + HEAD + number * GRID + 14
    x = box.x + PAD + (MARKS if any(row.mark for row in box.rows) else 0)
    room = box.x + box.width - PAD - x
    detail = _short(row.detail, max(room - (len(row.text) + 2) * LETTER, room / 4))
    text = _short(row.text, room - (len(detail) + 1) * LETTER if detail else room)
    parts = [
        ("diagram-mark", box.x + PAD, row.mark),
        ("diagram-column", x, text),
        ("diagram-type", box.x + box.width - PAD, detail),
    ]
    return format_html_join(
        "", '<text class="{}" x="{}" y="{}">{}</text>', ((c, x, y, t) for c, x, t in parts if t)
    )


def _line(line: Line, color: int, is_one: bool) -> SafeString:
    """Draw a foreign key: from a fork, or a bar if one row alone can point there, to an arrow."""
    key, (start, end) = line.key, (line.points[0], line.points[-1])
    out = 1 if line.points[1][0] > start[0] else -1
    back = 1 if line.points[-2][0] > end[0] else -1
    ends = (_bar if is_one else _fork)(start, out) + _arrow(end, back)
    columns = ", ".join(key.columns)
    return format_html(
        '<path class="diagram-line diagram-line-{}" d="{}"><title>{}</title></path>',
        color,
        _rounded(line.points) + ends,
        f"{key.table} ({columns}) → {key.to_table}, on delete {key.on_delete.lower()}",
    )


def _is_one(key: ForeignKey, tables: dict[str, Table]) -> bool:
    """Whether no two rows can point at the same one."""
    return any(
        column.is_unique and (column.name,) == key.columns for column in tables[key.table].columns
    )


def _rounded(points: list[Point]) -> str:
    """Return the path through these corners. Round ones show where lines join, not merely cross."""
    corners = [point for point, after in pairwise(points) if point != after] + points[-1:]
    path = f"M{corners[0][0]} {corners[0][1]}"
    for before, (x, y), after in zip(corners, corners[1:], corners[2:], strict=False):
        (ax, ay), (bx, by) = _toward((x, y), before), _toward((x, y), after)
        path += f"L{ax} {ay}Q{x} {y} {bx} {by}"
    return f"{path}L{corners[-1][0]} {corners[-1][1]}"


def _toward(corner: Point, other: Point) -> Point:
    """Return the point ROUND beyond the corner in the other's direction, at most halfway there."""
    (x, y), (dx, dy) = corner, (other[0] - corner[0], other[1] - corner[1])
    distance = abs(dx) + abs(dy)  # one of them is 0
    step = min(ROUND, distance // 2)
    return x + dx * step // distance, y + dy * step // distance


def _fork(start: Point, out: int) -> str:
    x, y = start
    return f"M{x} {y - 4}L{x + 8 * out} {y}L{x} {y + 4}"


def _bar(start: Point, out: int) -> str:
    x, y = start
    return f"M{x + 5 * out} {y - 4}V{y + 4}"


def _arrow(end: Point, back: int) -> str:
    x, y = end
    return f"M{x + 6 * back} {y - 4}L{x} {y}L{x + 6 * back} {y + 4}"


def _join(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def _short(text: str, room: float) -> str:
    letters = int(room / LETTER)
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
