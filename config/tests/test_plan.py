"""`db plan` says what `migrate` would do, and does nothing of it."""

import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, connection

from config.database import plan
from waitlist.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry():
    return Entry.objects.create(email="anna@example.com")


def test_right_after_migrate_there_is_nothing_to_do(capsys):
    call_command("db", "plan")
    assert capsys.readouterr().out.endswith("There is nothing to migrate.\n")


def test_a_plan_that_destroys_data_exits_with_1(entry, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("db", "plan", "waitlist", "zero")
    assert ended.value.code == 1
    told = capsys.readouterr().out
    assert "destroys  the table waitlist_entry" in told
    assert "\nwaitlist.0001_initial (taken back)\n" in told
    assert told.endswith("4 migrations, 4 steps; 1 destroys data\n")
    assert max(map(len, told.splitlines())) <= 100


def test_a_table_without_rows_loses_nothing(capsys):
    call_command("db", "plan", "waitlist", "zero")
    assert "4 migrations, 4 steps; nothing dangerous" in capsys.readouterr().out


def test_a_target_that_there_is_not_is_one_sentence():
    with pytest.raises(CommandError, match="No migration of orgs begins with 9999"):
        plan.steps("orgs", "9999")


def test_planning_changes_nothing_and_what_comes_after_may(entry):
    assert plan.steps("waitlist", "zero")
    assert not plan.steps()
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("off",)


def test_postgresql_lets_no_plan_write(monkeypatch):
    def write():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE written (id integer)")

    monkeypatch.setattr(plan, "Tables", write)
    with pytest.raises(InternalError, match="read-only transaction"):
        plan.steps()
