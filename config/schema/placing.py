"""Where each table stands in the drawing: in which column, on which shelf.

The tables of an app stand in columns side by side, each to the right of what it points at, as far
as there are no circles. Small apps share a shelf. Between columns and above shelves nothing stands:
there the lines run (config/schema/routing.py).
"""

from dataclasses import dataclass, field
from math import ceil
from statistics import mean

from config.schema.catalog import ForeignKey, Table

COLUMNS = 3  # as many as one sees at once on a laptop, beside the admin's navigation
TALL = 6  # boxes above one another, before another column is better


@dataclass
class Row:
    """A line of text in a box, where foreign keys begin."""

    text: str
    detail: str = ""
    mark: str = ""


@dataclass(eq=False)
class Box:
    name: str
    app: str
    rows: list[Row]
    starts: dict[ForeignKey, int]  # the number of the row
    column: int
    shelf: int
    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Frame:
    """An app on its shelf, around its columns."""

    label: str
    shelf: int
    first: int
    last: int


@dataclass
class Plan:
    boxes: dict[str, Box] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    keys: list[ForeignKey] = field(default_factory=list)

    def add(self, table: Table, rows: list[Row], starts: dict[ForeignKey, int], *place: int) -> Box:
        column, shelf = place
        box = Box(table.name, table.app, rows, starts, column, shelf)
        self.boxes[table.name] = box
        return box


def whole(tables: dict[str, Table]) -> Plan:
    """Return the place of every table, those that are pointed at from other apps first."""
    plan = Plan()
    shelves: list[int] = []  # how many columns are taken
    apps = {app: _columns(members) for app, members in _by_app(tables).items()}
    room = max(COLUMNS, *(len(columns) for columns in apps.values())) if apps else COLUMNS
    for app, columns in apps.items():
        shelf = _shelf(shelves, len(columns), room)
        first = shelves[shelf]
        shelves[shelf] += len(columns)
        plan.frames.append(Frame(app or "no app", shelf, first, shelves[shelf] - 1))
        for number, members in enumerate(columns, start=first):
            for table in members:
                plan.add(table, *_keys(table.foreign_keys), number, shelf)
    plan.keys = [key for name in plan.boxes for key in tables[name].foreign_keys]
    return plan


def around(tables: dict[str, Table], focus: str) -> Plan:
    """Return the places of a table and its neighbors: what it points at stands to its left."""
    plan = Plan()
    table = tables[focus]
    own = [key for key in table.foreign_keys if key.to_table in tables]
    parents = sorted({key.to_table for key in own} - {focus})
    pointing = [key for key in table.pointing_here if key.table in tables and key.table != focus]
    children = sorted({key.table for key in pointing} - set(parents))
    middle = 1 if parents else 0
    for name in parents:
        plan.add(tables[name], *_keys([k for k in pointing if k.table == name]), 0, 0)
    plan.add(table, *_all_columns(table), middle, 0)
    tall = max(2 * TALL, ceil(len(children) / 2))
    for number, name in enumerate(children):
        keys = [key for key in pointing if key.table == name]
        plan.add(tables[name], *_keys(keys), middle + 1 + number // tall, 0)
    plan.keys = [*own, *pointing]
    return plan


def _by_app(tables: dict[str, Table]) -> dict[str, list[Table]]:
    apps: dict[str, list[Table]] = {}
    for table in sorted(tables.values(), key=lambda table: table.name):
        apps.setdefault(table.app, []).append(table)

    def fame(app: str) -> int:
        keys = (key for table in apps[app] for key in table.pointing_here)
        return sum(key.table in tables and tables[key.table].app != app for key in keys)

    return dict(sorted(apps.items(), key=lambda item: (-fame(item[0]), not item[0], item[0])))


def _columns(tables: list[Table]) -> list[list[Table]]:
    """Return the tables of an app by column; whoever has nothing to do with others fills up."""
    named = {table.name: table for table in tables}
    parents = {
        name: {key.to_table for key in table.foreign_keys if key.to_table in named} - {name}
        for name, table in named.items()
    }
    related = set().union(*parents.values(), (name for name in parents if parents[name]))
    tall = max(TALL, ceil(len(tables) / COLUMNS))
    columns = _layers({name: parents[name] for name in named if name in related}, tall)
    for name in named:
        if name not in related:
            _fill_up(columns, name, tall)
    return [[named[name] for name in column] for column in columns]


def _layers(parents: dict[str, set[str]], tall: int) -> list[list[str]]:
    """Return the names in layers, each after those it points at; a circle is cut somewhere."""
    layers: list[list[str]] = []
    waiting = dict(parents)
    while waiting:
        ready = [name for name, others in waiting.items() if not others & waiting.keys()]
        ready = ready or [min(waiting, key=lambda name: (len(waiting[name]), name))]
        for name in ready:
            del waiting[name]
        ready = _beside_parents(ready, parents, layers)
        layers += [ready[start : start + tall] for start in range(0, len(ready), tall)]
    rest = [name for layer in layers[COLUMNS - 1 :] for name in layer]
    return layers[: COLUMNS - 1] + ([rest] if rest else [])


def _beside_parents(
    names: list[str], parents: dict[str, set[str]], layers: list[list[str]]
) -> list[str]:
    """Order a layer by how high its tables' parents stand: fewer lines cross."""
    heights = {name: height for layer in layers for height, name in enumerate(layer)}

    def height(name: str) -> float:
        known = [heights[parent] for parent in parents[name] if parent in heights]
        return mean(known) if known else 0

    return sorted(names, key=lambda name: (height(name), name))


def _fill_up(columns: list[list[str]], name: str, tall: int) -> None:
    shortest = min(columns, key=len, default=None)
    if shortest is None or (len(shortest) >= tall and len(columns) < COLUMNS):
        columns.append([name])
    else:
        shortest.append(name)


def _shelf(shelves: list[int], columns: int, room: int) -> int:
    """Return the first shelf with room for these columns, a new one if there is none."""
    for number, taken in enumerate(shelves):
        if taken + columns <= room:
            return number
    shelves.append(0)
    return len(shelves) - 1


def _keys(keys: list[ForeignKey]) -> tuple[list[Row], dict[ForeignKey, int]]:
    """Return a row for each column, or columns together, that points somewhere."""
    texts = list(dict.fromkeys(", ".join(key.columns) for key in keys))
    starts = {key: texts.index(", ".join(key.columns)) for key in keys}
    return [Row(text) for text in texts], starts


def _all_columns(table: Table) -> tuple[list[Row], dict[ForeignKey, int]]:
    pointing = {column for key in table.foreign_keys for column in key.columns}
    rows = []
    for column in table.columns:
        mark = "PK" if column.is_primary_key else "FK" if column.name in pointing else ""
        rows.append(Row(column.name, column.type, mark or ("U" if column.is_unique else "")))
    names = [column.name for column in table.columns]
    return rows, {key: names.index(key.columns[0]) for key in table.foreign_keys}
