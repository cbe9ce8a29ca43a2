"""What migrations say of SQL is read from them, also from functions that they call."""

from django.db.migrations import (
    DeleteModel,
    Migration,
    RemoveField,
    RunPython,
    RunSQL,
    SeparateDatabaseAndState,
)

from config.schema import own_sql
from config.schema.by_hand import ByHand, Made

VIEW = "CREATE VIEW shown AS SELECT 1 AS one"


def make(apps, editor):
    """CREATE VIEW remark AS SELECT 1."""
    editor.execute("CREATE INDEX written ON shelf (id)")
    editor.execute(VIEW)
    for name in ("first_of_two", "second_of_two"):
        editor.execute(f"CREATE INDEX pieces_{name} ON shelf (id)")


class Shop(Migration):
    operations = [
        RunSQL("SELECT 1", state_operations=[]),
        SeparateDatabaseAndState(database_operations=[RunPython(make, RunPython.noop)]),
    ]


def test_what_a_function_makes_by_plain_statements_is_known_and_missed():
    run = [Shop("0001", "shop")]
    by_hand = ByHand(own_sql.sql(run), own_sql.python(run))
    assert {*by_hand.made} == {Made("index", "written", "shelf"), Made("view", "shown", "")}


def test_names_in_a_migration_that_runs_python_are_known():
    run = [Shop("0001", "shop")]
    by_hand = ByHand(own_sql.sql(run), own_sql.python(run))
    assert {"first_of_two", "pieces_"} <= by_hand.words
    plain = type("Plain", (Migration,), {"operations": [RunSQL("SELECT 2")]})("0002", "shop")
    assert own_sql.python([plain]) == ""


def test_what_is_taken_out_of_the_models_alone_is_left_in_the_database():
    taken = [RemoveField("Shelf", "color"), DeleteModel("Ladder")]
    operations = [SeparateDatabaseAndState(state_operations=taken), RemoveField("Shelf", "size")]
    run = [type("Taken", (Migration,), {"operations": operations})("0004", "shop")]
    assert own_sql.left(run) == {("shop", "shelf", "color"), ("shop", "ladder")}


def test_the_function_of_a_library_may_be_for_another_database(monkeypatch):
    run = [Shop("0001", "shop")]
    assert VIEW in own_sql.sql(run)
    monkeypatch.setattr(own_sql.inspect, "getfile", lambda it: "lib/site-packages/shop/it.py")
    assert VIEW not in own_sql.sql(run)
