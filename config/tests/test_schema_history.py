"""Every migration is listed with its state, whatever state the database is in."""

import pytest
from django.db import ProgrammingError, connection
from django.db.migrations import Migration, RunSQL, SeparateDatabaseAndState
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from config.schema import history
from config.schema.history import State

pytestmark = pytest.mark.django_db


def states():
    return {(one.app, one.name): one.state for one in history.read().migrations}


def forget(app, name):
    MigrationRecorder(connection).record_unapplied(app, name)


@pytest.fixture
def files(monkeypatch):
    """Return a function that puts a migration beside those on disk, or takes one away."""
    load_disk = MigrationLoader.load_disk
    changed = {}

    def load(loader):
        load_disk(loader)
        for (app, name), attributes in changed.items():
            if attributes is None:
                del loader.disk_migrations[app, name]
            else:
                made = type("Migration", (Migration,), attributes)
                loader.disk_migrations[app, name] = made(name, app)

    monkeypatch.setattr(MigrationLoader, "load_disk", load)
    return changed


def test_right_after_migrate_every_migration_is_applied():
    found = history.read()
    assert {one.state for one in found.migrations} == {State.APPLIED}
    assert all(one.applied for one in found.migrations)
    assert (found.pending, found.problem) == ([], "")


def test_what_was_not_run_yet_is_pending():
    forget("accounts", "0007_log_names_nobody")
    found = history.read()
    assert [(one.app, one.name, one.applied) for one in found.pending] == [
        ("accounts", "0007_log_names_nobody", None)
    ]
    assert not any("log_names_nobody" in sql for sql in found.sql)


def test_a_migration_whose_file_is_gone_says_so():
    MigrationRecorder(connection).record_applied("shop", "0001_initial")
    found = states()
    assert found["shop", "0001_initial"] == State.MISSING
    assert [*found.values()].count(State.MISSING) == 1


def test_before_the_first_migrate_everything_is_pending():
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE django_migrations")
    assert {*states().values()} == {State.PENDING}


def test_a_squashed_migration_is_applied_with_those_that_it_replaces(files):
    squashed = ("mfa", "0001_squashed")
    replaces = [one for one in states() if one[0] == "mfa"]
    files[squashed] = {"replaces": replaces}
    assert states()[squashed] == State.APPLIED
    assert next(one.applied for one in history.read().migrations if one.name == squashed[1])
    for key in replaces:
        forget(*key)
    assert [(one.app, one.name) for one in history.read().pending] == [squashed]
    assert states()[replaces[0]] == State.REPLACED


def test_the_records_of_replaced_migrations_are_not_missing_their_files(files):
    replaces = [("shop", "0001_initial"), ("shop", "0002_more")]
    for key in replaces:
        MigrationRecorder(connection).record_applied(*key)
    files["mfa", "0004_squashed"] = {"replaces": replaces}
    assert states()["shop", "0002_more"] == State.APPLIED


def test_files_that_cannot_be_put_in_an_order_are_told_and_listed(files):
    files["orgs", "0001_initial"] = None
    found = history.read()
    assert "orgs.0001_initial" in found.problem or "'orgs', '0001_initial'" in found.problem
    assert states()["orgs", "0001_initial"] == State.MISSING
    assert states()["orgs", "0002_owner_always_exists"] == State.APPLIED


@pytest.mark.parametrize("error", [ImportError, ProgrammingError])
def test_where_nobody_knows_what_was_applied_nothing_is_said_to_be_pending(
    operator, monkeypatch, error
):
    def refused(loader):
        raise error("No way in.")

    monkeypatch.setattr(MigrationLoader, "build_graph", refused)
    assert history.read() == history.History([], "No way in.", [])
    for path in ("/admin/schema/", "/admin/schema/accounts_event/", "/admin/migrations/"):
        page = operator.get(path).text
        assert "No way in." in page
        assert "no migration knows this trigger" not in page
        assert "is applied." not in page


def test_an_order_that_was_broken_is_told():
    forget("accounts", "0001_initial")
    assert "accounts.0001_initial" in history.read().problem


def test_sql_of_every_kind_is_read(files):
    operations = [
        RunSQL("SELECT 1"),
        RunSQL(["SELECT 2", ("SELECT %s", [3])]),
        SeparateDatabaseAndState(database_operations=[RunSQL("SELECT 4")]),
    ]
    files["mfa", "0004_more"] = {"operations": operations}
    written = ["SELECT 1", "SELECT 2", "SELECT %s", "SELECT 4"]
    assert not {*written} & {*history.read().sql}
    MigrationRecorder(connection).record_applied("mfa", "0004_more")
    assert [sql for sql in history.read().sql if sql in written] == written
