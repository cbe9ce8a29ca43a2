"""What was applied is remembered as its file was, and an edit that counts is seen."""

import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext

from config.database import kept
from config.models import MigrationFile
from config.schema import history

pytestmark = pytest.mark.django_db

KEY = ("orgs", "0002_owner_always_exists")


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The file of one migration, to edit; as it is, it was applied."""
    module = sys.modules["orgs.migrations.0002_owner_always_exists"]
    file = tmp_path / "0002_owner_always_exists.py"
    file.write_bytes(Path(module.__file__).read_bytes())
    monkeypatch.setattr(module, "__file__", str(file))
    kept.keep()
    return file


def edited():
    return [(one.app, one.name) for one in history.read().edited]


def add(file, text):
    file.write_text(file.read_text() + text)


def test_every_applied_migration_is_kept_by_migrate():
    MigrationFile.objects.all().delete()
    call_command("migrate", verbosity=0)
    assert {(row.app, row.name) for row in MigrationFile.objects.all()} == {
        *MigrationRecorder(connection).applied_migrations()
    }
    assert edited() == []


def test_what_is_only_looked_at_is_not_kept():
    MigrationFile.objects.all().delete()
    call_command("migrate", plan=True, verbosity=0)
    call_command("migrate", check_unapplied=True, verbosity=0)
    assert not MigrationFile.objects.exists()


def test_a_run_that_failed_keeps_what_it_had_applied():
    MigrationFile.objects.all().delete()
    with pytest.raises(CommandError):
        call_command("migrate", "orgs", "9999", verbosity=0)
    assert MigrationFile.objects.exists()


@pytest.mark.parametrize(
    "text", ["\nX = 1\n", "\ndef later(apps, editor):\n    pass\n", "\nnot Python\n"]
)
def test_an_edit_is_seen_and_stays_when_migrate_runs_again(file, text):
    add(file, text)
    kept.keep()
    assert edited() == [KEY]


def test_one_letter_of_sql_is_an_edit(file):
    file.write_text(file.read_text().replace("RETURN NULL", "RETURN null", 1))
    assert edited() == [KEY]


def test_the_layout_of_a_file_its_comments_and_docstrings_are_no_edit(file):
    text = file.read_text()
    file.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert edited() == []
    _, _, code = text.partition('"""\n')
    file.write_text(
        f"'''Another.'''\n# A remark.\n{code.replace('dependencies = [', 'dependencies  =  [')}"
    )
    assert edited() == []


def test_a_squashed_migration_may_lose_what_it_replaces(file):
    text = file.read_text()
    squashed = text.replace("    operations", '    replaces = [("orgs", "0001")]\n    operations')
    assert squashed != text
    file.write_text(squashed)
    assert edited() == []


def test_an_edit_that_was_accepted_is_none(file):
    add(file, "\nX = 1\n")
    kept.accept(*KEY)
    assert edited() == []
    add(file, "\nY = 1\n")
    assert edited() == [KEY]


def test_what_is_applied_anew_is_kept_anew(file):
    add(file, "\nX = 1\n")
    MigrationRecorder(connection).record_unapplied(*KEY)
    MigrationRecorder(connection).record_applied(*KEY)
    assert edited() == []  # the file of which nobody knows
    kept.keep()
    assert edited() == []
    add(file, "\nY = 1\n")
    assert edited() == [KEY]


def test_what_was_taken_back_is_forgotten():
    kept.keep()
    MigrationRecorder(connection).record_unapplied(*KEY)
    kept.keep()
    assert not MigrationFile.objects.filter(app=KEY[0], name=KEY[1]).exists()


def test_a_migration_without_a_file_keeps_its_record():
    kept.keep()
    MigrationFile.objects.create(
        app="shop", name="0001", applied=MigrationFile.objects.first().applied, fingerprint="x"
    )
    MigrationRecorder(connection).record_applied("shop", "0001")
    kept.keep()
    assert MigrationFile.objects.filter(app="shop").exists()


def test_before_its_table_is_made_nothing_is_kept_and_nothing_fails():
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE config_migrationfile")
    kept.keep()
    assert edited() == []


@pytest.mark.parametrize(("column", "is_known"), [("environment", True), ("fingerprint", False)])
def test_a_column_of_its_table_that_is_missing_keeps_nothing_from_being_read(
    file, column, is_known
):
    add(file, "\nX = 1\n")
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE config_migrationfile DROP {column}")
    kept.keep()
    assert edited() == ([KEY] if is_known else [])


def test_to_keep_what_is_kept_already_costs_few_statements():
    kept.keep()
    with CaptureQueriesContext(connection) as queries:
        kept.keep()
    assert len(queries) <= 7


def test_the_page_of_migrations_shows_what_was_edited(operator, file):
    assert "edited" not in operator.get("/admin/migrations/").text
    add(file, "\nX = 1\n")
    page = operator.get("/admin/migrations/").text
    assert "and edited since" in page
    assert "1 file was edited after it had been applied." in " ".join(
        page.replace("\n", " ").split()
    )


def test_nobody_writes_in_the_admin_what_a_file_has_been(operator):
    kept.keep()
    [pk, *_] = MigrationFile.objects.values_list("pk", flat=True)
    for page in ("add/", f"{pk}/delete/"):
        refused = operator.post(f"/admin/config/migrationfile/{page}", {"post": "yes"})
        assert refused.status_code == 403
    assert MigrationFile.objects.filter(pk=pk).exists()
