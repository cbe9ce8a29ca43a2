"""The drawn schema: everything is in it, nothing covers anything, and it is safe to show."""

import random
import time
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from django.urls import reverse

from config.schema import catalog, diagram
from config.schema.catalog import Column, ForeignKey, Table
from config.schema.placing import COLUMNS, around, whole
from config.schema.routing import drawn

SHOP = {
    "shop_person": "shop_person(boss) shop_avatar(avatar)",
    "shop_avatar": "",
    "shop_order": "shop_person(buyer) shop_person(seller) stock_item(item)",
    "shop_line": "shop_order(order) shop_order(order,item)",
    "shop_log": "",
    "stock_item": "stock_box(box) shop_person(keeper)",
    "stock_box": "stock_item(top)",
    "stock_move": "stock_box(source) stock_box(target) stock_item(item)",
    "cache": "",
}


@pytest.mark.parametrize("focus", [None, *SHOP])
def test_boxes_stand_beside_one_another(focus):
    boxes = drawing(made(SHOP), focus).plan.boxes.values()
    assert not [(a.name, b.name) for a, b in combinations(boxes, 2) if overlap(a, b)]


@pytest.mark.parametrize("focus", [None, *SHOP])
def test_every_foreign_key_is_a_line_between_its_tables(focus):
    tables = made(SHOP)
    lines = drawing(tables, focus).lines
    every = [key for table in tables.values() for key in table.foreign_keys]
    expected = [key for key in every if focus in (None, key.table, key.to_table)]
    assert sorted(line.key.name for line in lines) == sorted(key.name for key in expected)
    for line in lines:
        assert (line.source.name, line.target.name) == (line.key.table, line.key.to_table)
        assert touches(line.points[0], line.source)
        assert touches(line.points[-1], line.target)


@pytest.mark.parametrize("seed", range(5))
def test_lines_cross_but_never_cover_boxes_or_lines_to_other_tables(seed):
    tables = made(anything(40, seed))
    for focus in (None, *random.Random(seed).sample(sorted(tables), 3)):
        picture = drawing(tables, focus)
        for line in picture.lines:
            assert not [box.name for box in picture.plan.boxes.values() if runs_into(line, box)]
        for one, other in combinations(picture.lines, 2):
            assert one.target is other.target or not covers(one, other), (one.key, other.key)


def test_an_apps_tables_stand_right_of_what_they_point_at():
    boxes = whole(made(SHOP)).boxes
    assert boxes["shop_avatar"].column < boxes["shop_person"].column < boxes["shop_order"].column


def test_apps_do_not_mix():
    plan = whole(made(anything(40, seed=1)))
    places = {(box.shelf, box.column): set() for box in plan.boxes.values()}
    for box in plan.boxes.values():
        places[box.shelf, box.column].add(box.app)
    assert all(len(apps) == 1 for apps in places.values())
    assert max(column for _, column in places) < COLUMNS  # no wider than a laptop


def test_our_own_schema_fits_beside_the_admins_navigation(db):
    tables = catalog.read()
    picture = drawing(tables, None)
    assert picture.plan.boxes.keys() == tables.keys()
    assert picture.width < 960
    assert max(drawing(tables, name).width for name in tables) < 960


def test_a_table_shows_its_columns_and_a_neighbor_only_what_points_here():
    boxes = around(made(SHOP), "stock_item").boxes
    assert [row.text for row in boxes["stock_item"].rows] == ["id", "box_id", "keeper_id"]
    assert [row.mark for row in boxes["stock_item"].rows] == ["PK", "FK", "FK"]
    assert [row.text for row in boxes["shop_order"].rows] == ["item_id"]
    assert boxes["shop_person"].rows == []
    assert set(boxes) == {*("stock_item", "stock_box", "shop_person", "shop_order", "stock_move")}


def test_tables_link_to_their_pages():
    tables = made(SHOP)
    assert sorted(links(diagram.draw(tables))) == sorted(
        reverse("admin:schema_table", args=[name]) for name in tables
    )
    assert links(diagram.draw(tables, "shop_line")) == ["/admin/schema/shop_order/"]


def test_names_are_escaped_and_nothing_needs_a_style_or_script():
    tables = made({'a_<script>"x"&': "a_b('onload=)", "a_b": ""})
    for focus in (None, 'a_<script>"x"&'):
        svg = diagram.draw(tables, focus)
        texts = [text.text for text in ElementTree.fromstring(svg).iter("text")]
        assert 'a_<script>"x"&' in texts
        assert "<script" not in svg
        assert "style=" not in svg


def test_a_key_that_is_unique_ends_in_a_bar_and_another_in_a_fork():
    tables = made({"a_person": "", "a_pass": "a_person(holder)"})
    fork = lines_of(diagram.draw(tables))
    columns = tables["a_pass"].columns
    columns[1] = Column("holder_id", "uuid", False, "", False, is_unique=True)
    bar = lines_of(diagram.draw(tables))
    assert fork != bar
    assert fork[0].split("M")[:2] == bar[0].split("M")[:2]  # the same way


def test_a_key_to_a_table_that_is_not_there_is_left_out():
    tables = made(SHOP)
    del tables["stock_box"]
    assert "stock_box" not in {line.target.name for line in drawing(tables, None).lines}
    assert diagram.draw(tables, "stock_item")


def test_an_empty_database_is_an_empty_drawing():
    assert links(diagram.draw({})) == []


def test_the_order_in_which_tables_are_read_does_not_matter():
    tables = made(anything(40, seed=2))
    shuffled = dict(random.Random(2).sample(list(tables.items()), len(tables)))
    assert diagram.draw(tables) == diagram.draw(shuffled)


def test_two_hundred_tables_are_drawn_in_half_a_second():
    tables = made(anything(200, seed=3))
    took = []
    for _ in range(3):  # the best, as other processes slow one down
        before = time.process_time()
        diagram.draw(tables)
        took.append(time.process_time() - before)
    assert min(took) < 0.5


def made(schema):
    """Return tables by name, from 'table(column) table(column,column)' that each points at."""
    tables = {}
    for name, keys in schema.items():
        app = name.split("_")[0] if "_" in name else ""
        tables[name] = Table(name, app, "", 0, 0, [Column("id", "uuid", False, "", True, True)])
        for number, key in enumerate(keys.split()):
            target, _, columns = key.rstrip(")").partition("(")
            ids = tuple(f"{column}_id" for column in columns.split(","))
            own = ForeignKey(f"{name}_{number}", name, ids, target, ("id",), "CASCADE")
            tables[name].foreign_keys.append(own)
            known = {column.name for column in tables[name].columns}
            tables[name].columns += [
                Column(one, "uuid", True, "", False, False) for one in ids if one not in known
            ]
    for table in tables.values():
        for key in table.foreign_keys:
            tables[key.to_table].pointing_here.append(key)
    return tables


def anything(count, seed):
    """Return a schema of so many tables in apps of seven, with circles and a table all point at."""
    dice = random.Random(seed)
    names = [f"app{number // 7}_table{number}" for number in range(count)]
    schema = {}
    for name in names:
        targets = [names[0], *dice.choices(names, k=dice.randrange(4))]
        schema[name] = " ".join(f"{to}(key{number})" for number, to in enumerate(targets))
    return schema


def drawing(tables, focus):
    return drawn(whole(tables) if focus is None else around(tables, focus))


def overlap(a, b):
    return (
        a.x < b.x + b.width
        and b.x < a.x + a.width
        and a.y < b.y + b.height
        and b.y < a.y + a.height
    )


def touches(point, box):
    x, y = point
    return x in (box.x, box.x + box.width) and box.y < y < box.y + box.height


def segments(line):
    """Return the straight pieces as (left, top, right, bottom)."""
    for (ax, ay), (bx, by) in pairwise(line.points):
        assert ax == bx or ay == by
        yield min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)


def runs_into(line, box):
    return any(
        left < box.x + box.width and right > box.x and top < box.y + box.height and bottom > box.y
        for left, top, right, bottom in segments(line)
    )


def covers(one, other):
    """Whether two lines lie on one another for a while, instead of crossing."""
    if one.source is other.source and one.points[0] == other.points[0]:
        return False  # they leave one row
    return any(
        (a[0] == a[2] == b[0] == b[2] and min(a[3], b[3]) > max(a[1], b[1]))
        or (a[1] == a[3] == b[1] == b[3] and min(a[2], b[2]) > max(a[0], b[0]))
        for a in segments(one)
        for b in segments(other)
    )


def links(svg):
    return [link.get("href") for link in ElementTree.fromstring(svg).iter("a")]


def lines_of(svg):
    return [path.get("d") for path in ElementTree.fromstring(svg).iter("path")]
