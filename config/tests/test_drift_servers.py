"""manage.py db check in a process of its own: files that change, a standby, a pooler, a lock."""

import os

import pytest

from config.tests.notes_app import Notes
from config.tests.servers import Bouncer, Server

pytestmark = pytest.mark.slow

CLEAN = "Models, migrations and database say the same."
MADE_BY_PYTHON = """
from django.db import migrations

def make(apps, editor):
    editor.execute("CREATE INDEX by_python ON notes_note (text)")
    for name in ("by_loop", "by_loop_too"):
        editor.execute(f"CREATE INDEX {name} ON notes_note (text, id)")

class Migration(migrations.Migration):
    dependencies = [("notes", "0001_first")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
"""


MODEL = """
from django.db import models

class Note(models.Model):
    id = models.BigAutoField(primary_key=True)
    text = models.TextField()
"""


@pytest.fixture(scope="module")
def server():
    with Server() as server:
        yield server


@pytest.fixture(scope="module")
def notes(server):
    """An app whose migrations are applied, with all others; one of them runs Python."""
    folder = server.folder / "notes"
    folder.mkdir()
    notes = Notes(folder, server.url())
    (folder / "notes" / "models.py").write_text(MODEL)
    first = notes.file("0001_first")
    first.write_text(
        first.read_text().replace("primary_key=True", "primary_key=True, serialize=False")
    )
    notes.file("0002_python").write_text(MADE_BY_PYTHON)
    code, _, errors = notes.run("--verbosity=0")
    assert code == 0, errors
    return notes


@pytest.fixture
def file(notes):
    """The file of an applied migration, to edit."""
    file = notes.file("0002_python")
    yield file
    file.write_text(MADE_BY_PYTHON)


def check(notes, *arguments, **variables):
    """Return the exit code and all that is said."""
    code, said, errors = notes.run("check", *arguments, command="db", **variables)
    return code, said + errors


def test_right_after_migrate_nothing_differs_and_that_takes_seconds(notes):
    before = os.times()
    code, said = check(notes)
    assert (code, said.splitlines()[1:]) == (0, [CLEAN])
    assert os.times().children_user - before.children_user < 10  # 2, most of it Django's start


def test_what_python_made_is_known_and_missed(notes, server):
    server.ask("DROP INDEX by_python")
    try:
        code, said = check(notes)
    finally:
        server.ask("CREATE INDEX by_python ON notes_note (text)")
    assert code == 1
    assert "notes_note.by_python: a migration made this index, and it is gone" in said
    assert "by_loop" not in said


def test_a_file_that_was_edited_is_told_and_one_that_was_formatted_is_not(notes, file):
    file.write_text(MADE_BY_PYTHON.replace('"', "'").replace("\n\n", "\n\n\n# A remark.\n"))
    assert check(notes)[0] == 0
    file.write_text(MADE_BY_PYTHON.replace("(text, id)", "(id, text)"))
    code, said = check(notes)
    assert code == 1
    assert "Edited after they were applied (1)\n  notes.0002_python\n" in said


def test_a_file_that_is_gone_is_told(notes, file):
    file.unlink()
    code, said = check(notes)
    assert code == 1
    assert "Applied, and the file is gone (1)\n  notes.0002_python\n" in said


def test_a_file_that_cannot_be_read_is_one_sentence(notes, file):
    file.write_text("class Migration(")
    code, said = check(notes)
    assert code == 1
    assert "The migrations cannot be read (1)\n  " in said
    assert "Traceback" not in said


def test_it_works_through_a_pooler_that_hands_each_transaction_another_connection(notes, server):
    with Bouncer(server) as bouncer:
        pooled = {"DATABASE_URL": bouncer.url(), "DATABASE_POOLER": "transaction"}
        code, said = check(notes, **pooled)
        assert (code, said.splitlines()[-1]) == (0, CLEAN), said


def test_while_a_migration_holds_a_table_it_says_so_after_two_seconds(notes, server):
    with server.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE notes_note")
        code, said = check(notes)
    assert code == 1
    assert "PostgreSQL could not do that" in said
    assert "Traceback" not in said


def test_a_standby_is_compared_as_far_as_it_can_be(notes, server):
    server.ask("CREATE INDEX further ON notes_note (id, text)")
    server.stop()
    signal = server.data / "standby.signal"
    signal.touch()
    try:
        server.start()
        assert server.ask("SELECT pg_is_in_recovery()")
        code, said = check(notes)
        assert code == 0, said
        assert "Not compared (1)\n  cannot " in said
        assert "In all the rest, models, migrations and database say the same." in said
    finally:
        server.stop()
        signal.unlink()
        server.start()
    assert "neither model nor migration knows this index" in check(notes)[1]
