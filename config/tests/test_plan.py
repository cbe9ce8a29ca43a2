"""`db plan` says what `migrate` would do, and does nothing of it."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.database import plan

pytestmark = pytest.mark.django_db


def test_right_after_migrate_there_is_nothing_to_do(capsys):
    call_command("db", "plan")
    assert capsys.readouterr().out.endswith("There is nothing to migrate.\n")


def test_the_way_back_destroys_the_tables_that_have_rows(olivia):
    destroyed = [step.destroys for step in plan.steps("accounts", "zero") if step.destroys]
    assert any("the table accounts_user" in one for one in destroyed)
    assert not any("waitlist_entry" in one for one in destroyed)  # is empty


def test_a_plan_that_destroys_data_exits_with_1(olivia, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("db", "plan", "accounts", "zero")
    assert ended.value.code == 1
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 100


def test_a_target_that_there_is_not_is_one_sentence():
    with pytest.raises(CommandError, match="No migration of orgs begins with 9999"):
        plan.steps("orgs", "9999")


def test_planning_changes_nothing_and_what_comes_after_may():
    plan.steps("accounts", "zero")
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("off",)
