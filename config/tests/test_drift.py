"""manage.py db check: what differs is told by its kind with what to do, and nothing else."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import isolate_apps

from config.database import drift, kept

pytestmark = pytest.mark.django_db

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
Get the file back from git. If it was squashed, manage.py migrate APP --prune forgets it; if the \
whole app was removed, delete its rows from django_migrations and its tables.

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


@isolate_apps("orgs", attr_name="registry")
def test_a_changed_model_without_a_migration_is_told(monkeypatch):
    field = models.CharField(max_length=9, default="")
    organization = drift.apps.get_model("orgs", "Organization")
    field.set_attributes_from_name("nickname")
    field.model = organization
    monkeypatch.setattr(
        organization._meta, "local_fields", [*organization._meta.local_fields, field]
    )
    organization._meta._expire_cache()
    try:
        assert found() == {
            "Changes of models without a migration": ["orgs: Add field nickname to organization"]
        }
    finally:
        monkeypatch.undo()
        organization._meta._expire_cache()
