"""manage.py db check: what differs is told by its kind with what to do, and nothing else."""

import io

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import InternalError, OperationalError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext

from config.database import drift, kept
from config.models import MigrationFile
from config.schema import catalog, expected

pytestmark = pytest.mark.django_db

# On tables that are there, but to look at them; what the test itself holds aside.
LOCKS = """
    SELECT relation::regclass::text, mode FROM pg_locks
    WHERE pid = pg_backend_pid() AND mode <> 'AccessShareLock' AND mode <> 'RowExclusiveLock'
        AND relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"""
CLEAN = "Models, migrations and database say the same."


@pytest.fixture(autouse=True)
def kept_files(db):
    """Tests that commit leave the tables empty, this one, too."""
    kept.keep()


def check(*arguments):
    """Return the exit code and what was written to stdout."""
    out = io.StringIO()
    try:
        call_command("db", "check", *arguments, stdout=out, stderr=io.StringIO())
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def found():
    """Return the titles of the findings with their places."""
    return {one.title: one.places for one in drift.findings()}


def test_right_after_migrate_nothing_differs():
    code, text = check()
    assert code == 0
    assert text.splitlines()[1:] == [CLEAN]


def test_what_differs_is_listed_by_kind_with_what_puts_it_back():
    run("DROP INDEX membership_list")
    run("ALTER TABLE auth_group ALTER name TYPE varchar(100)")
    MigrationRecorder(connection).record_applied("shop", "0001_initial")
    code, text = check()
    assert code == 1
    assert text.partition("\n")[2] == (
        """
Applied, and the file is gone (1)
  shop.0001_initial
Does a newer release have it? Then this is older code, and all is well. Else get the file back \
from git. If it was squashed, manage.py migrate APP --prune forgets it; if the whole app was \
removed, delete its rows from django_migrations and its tables.

Columns (1)
  auth_group.name: the database says character varying(100), the model character varying(150)
    ALTER TABLE "auth_group" ALTER "name" TYPE character varying(150);
The SQL below a column puts it back. One that is gone comes back from a backup; one that no model \
has may hold what somebody needs: look before you drop it.

Indexes (1)
  orgs_membership.membership_list: the model has this index, the database does not
    CREATE INDEX CONCURRENTLY membership_list ON orgs_membership USING btree (organization_id, id);
The SQL below an index puts it back while the site goes on. Run it outside a transaction.
3 things differ."""
    )


def test_a_pending_migration_is_one_finding_and_not_one_for_each_of_its_changes():
    run("DROP TABLE config_migrationfile")
    MigrationRecorder(connection).record_unapplied("config", "0002_migration_files")
    assert found() == {"Pending migrations": ["config.0002_migration_files"]}


def test_a_database_that_was_never_migrated_waits_for_all():
    MigrationRecorder(connection).flush()
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    told = found()
    assert [*told] == ["Pending migrations"]
    assert len(told["Pending migrations"]) > 40


@pytest.fixture
def nickname():
    """A field that somebody has just given to organizations."""
    options = apps.get_model("orgs", "Organization")._meta
    field = models.CharField(max_length=9, default="")
    field.set_attributes_from_name("nickname")
    field.model = options.model
    before = options.local_fields
    options.local_fields = [*before, field]
    options._expire_cache()
    yield
    options.local_fields = before
    options._expire_cache()


@pytest.mark.usefixtures("nickname")
def test_a_changed_model_without_a_migration_is_told_and_no_column_is_missed():
    assert found() == {
        "Changes of models without a migration": ["orgs: Add field nickname to organization"]
    }


@pytest.mark.usefixtures("nickname")
def test_what_a_library_has_no_migration_for_is_a_remark(monkeypatch):
    monkeypatch.setattr(drift, "_is_ours", lambda app: False)
    code, text = check()
    assert code == 0
    assert "Changes of libraries' models without a migration (1)" in text
    assert text.endswith(f"{CLEAN}\n")


@pytest.mark.parametrize(
    ("app", "is_ours"), [("orgs", True), ("account", False), ("auth", False), ("gone", True)]
)
def test_whose_migrations_are_ours(app, is_ours):
    assert drift._is_ours(app) is is_ours


def test_an_edited_file_is_told_until_it_is_accepted():
    MigrationFile.objects.filter(app="orgs", name="0001_initial").update(fingerprint="other")
    code, text = check()
    assert code == 1
    assert "Edited after they were applied (1)\n  orgs.0001_initial\n" in text
    assert check("--accept", "orgs.0001_initial")[0] == 0
    assert check()[0] == 0


def test_a_librarys_edited_file_is_a_remark():
    MigrationFile.objects.filter(app="auth", name="0001_initial").update(fingerprint="other")
    code, text = check()
    assert code == 0
    assert "Files of libraries that were edited after they were applied (1)" in text


@pytest.mark.parametrize("name", ["orgs", "orgs.0099", "shop.0001_initial", "orgs.0001"])
def test_only_what_is_applied_can_be_accepted(name):
    code, text = check("--accept", name)
    assert code == 1
    assert f"No migration {name} is applied here." in text


def test_where_nothing_can_be_kept_that_is_a_sentence():
    run("DROP TABLE config_migrationfile")
    with transaction.atomic():
        code, text = check("--accept", "orgs.0001_initial")
        transaction.set_rollback(True)
    assert code == 1
    assert "Nothing can be kept of orgs.0001_initial: relation" in text


def test_a_broken_order_is_told_and_the_rest_all_the_same():
    MigrationRecorder(connection).record_unapplied("accounts", "0001_initial")
    run("DROP INDEX membership_list")
    told = found()
    assert "accounts.0001_initial" in told["The migrations cannot be read"][0]
    assert len(told["Indexes"]) == 1


def test_migrations_that_go_two_ways_are_told(monkeypatch):
    monkeypatch.setattr(
        MigrationLoader, "detect_conflicts", lambda loader: {"orgs": {"0008_b", "0008_a"}}
    )
    assert found() == {"Migrations that go two ways": ["orgs: 0008_a and 0008_b"]}


def test_the_live_database_is_read_where_postgresql_lets_nobody_write(monkeypatch):
    def write():
        run("CREATE TABLE written (id integer)")

    monkeypatch.setattr(drift.history, "read", write)
    with pytest.raises(InternalError, match="read-only transaction"):
        drift.findings()


def test_nothing_is_left_behind_and_nothing_that_is_there_is_locked(monkeypatch):
    """The temporary tables have locks of their own; those that are there are read alone."""
    read = catalog.read_temporary
    locks = []

    def look():
        with connection.cursor() as cursor:
            cursor.execute(LOCKS)
            locks.extend(cursor.fetchall())
        return read()

    monkeypatch.setattr(catalog, "read_temporary", look)
    expected._made.cache_clear()
    before = catalog.read_schema()
    assert found() == {}
    assert locks == []
    assert catalog.read_schema() == before


def test_a_standby_or_a_role_without_temporary_tables_is_told_what_was_not_compared(monkeypatch):
    def refused(*args):
        raise InternalError("cannot execute CREATE TABLE in a read-only transaction\nLINE 1: …")

    monkeypatch.setattr(expected, "read", refused)
    code, text = check()
    assert code == 0
    assert "Not compared (1)\n  cannot execute CREATE TABLE in a read-only transaction\n" in text
    assert CLEAN not in text
    assert "In all the rest, models, migrations and database say the same." in text
    run("DROP INDEX membership_list")
    assert check()[0] == 1


def test_a_database_that_cannot_be_read_is_one_sentence(monkeypatch):
    def held():
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(catalog, "read_schema", held)
    code, text = check()
    assert code == 1
    assert text.endswith("PostgreSQL could not do that: canceling statement due to lock timeout")


def test_checking_costs_the_same_few_statements_however_many_tables_there_are():
    def statements():
        expected._made.cache_clear()
        with CaptureQueriesContext(connection) as queries:
            drift.findings()
        return len(queries)

    few = statements()
    for number in range(5):
        run(f"CREATE TABLE scratch_{number} (id uuid PRIMARY KEY REFERENCES orgs_membership)")
    assert statements() == few
    assert few <= 40
