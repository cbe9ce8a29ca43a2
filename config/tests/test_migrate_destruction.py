"""In production nothing is destroyed by a migration unless that is said, and kept elsewhere."""

import pytest

from accounts.verbs import Verb
from config.tests.notes_app import Notes
from config.tests.processes import PRODUCTION
from config.tests.servers import Server

pytestmark = pytest.mark.slow

COLOR = 'AddField("note", "color", models.TextField(null=True))'
NO_TEXT = 'RemoveField("note", "text")'
ROW = "INSERT INTO notes_note (text) VALUES ('kept')"
TEXTS = "SELECT array_agg(text) FROM notes_note"
RECORDED = "SELECT max(name) FROM django_migrations WHERE app = 'notes'"
EXPORTED = """
    INSERT INTO accounts_event (id, verb, created, subject_kind, subject_label, request_id, data)
    VALUES (gen_random_uuid(), '{verb}', now(), '', '', '',
        jsonb_build_object('taken', now() - interval '{age}'))
"""


@pytest.fixture(scope="module")
def migrated():
    """A database of production with everything of ours in it, and a note: `first` is its copy."""
    with Server() as server:
        folder = server.folder / "everything"
        folder.mkdir()
        code, _, errors = in_production(Notes(folder, server.url())).run("--verbosity=0")
        assert code == 0, errors
        server.ask(ROW)
        server.ask("CREATE DATABASE first TEMPLATE groundwork", dbname="postgres", user="postgres")
        yield server


@pytest.fixture
def notes(migrated, tmp_path):
    """A note in the first of three migrations; the last takes away what it says."""
    migrated.renew("first")
    notes = in_production(Notes(tmp_path, migrated.url()))
    notes.write("color", COLOR)
    notes.write("no_text", NO_TEXT)
    return notes


def in_production(notes):
    notes.variables = PRODUCTION | {"DATABASE_URL": notes.url}
    return notes


def test_what_destroys_is_refused_whole_and_says_what_to_run(notes, migrated):
    code, _, errors = notes.run()
    assert (code, migrated.ask(TEXTS), migrated.ask(RECORDED)) == (1, ["kept"], "0001_first")
    assert "Nothing is applied, because something would be lost:" in errors
    assert "notes.0003_no_text: Remove field text from note, which loses the column text" in errors
    assert "In production that has to be allowed" in errors
    assert "exported within the last hour; there is none." in errors
    assert "python manage.py db plan notes\n" in errors
    assert "python manage.py db export\n" in errors
    assert "python manage.py migrate notes --allow-destructive\n" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("flag", "age", "goes_on"),
    [
        (True, "59 minutes", True),
        (True, "61 minutes", False),
        (True, None, False),
        (False, "1 minute", False),
    ],
)
def test_it_takes_a_word_and_an_export_of_the_last_hour(notes, migrated, flag, age, goes_on):
    if age:  # in the audit trail
        migrated.ask(EXPORTED.format(verb=Verb.DATABASE_EXPORTED, age=age))
    code, _, errors = notes.run("notes", *["--allow-destructive"] * flag)
    assert (code == 0) is goes_on, errors
    assert migrated.ask(RECORDED) == ("0003_no_text" if goes_on else "0001_first")
    assert ("the last is of" in errors) is (not goes_on and age is not None)
    wanted = {"plan": not flag, "export": age != "1 minute"} if not goes_on else {}
    assert {verb: f"  python manage.py db {verb}" in errors for verb in wanted} == wanted


def test_what_destroys_nothing_just_goes_on(notes, migrated):
    assert notes.run("notes", "0002")[0] == 0
    assert migrated.ask(RECORDED) == "0002_color"
    migrated.ask("DELETE FROM notes_note")
    assert notes.run()[0] == 0  # nobody loses what there is not


def test_the_way_back_is_looked_at_as_well(notes, migrated):
    code, _, errors = notes.run("notes", "zero")
    assert (code, migrated.ask(TEXTS)) == (1, ["kept"])
    assert "python manage.py migrate notes zero --allow-destructive\n" in errors


def test_to_fake_destroys_nothing(notes, migrated):
    for target in ("0003", "zero"):
        assert notes.run("notes", target, "--fake")[0] == 0
        assert migrated.ask(TEXTS) == ["kept"]


def test_development_is_not_asked(notes, migrated):
    with migrated.connect() as served:
        served.execute("UPDATE config_migrationfile SET environment = 'development'")
    notes.variables = {"ENVIRONMENT": "development", "DATABASE_URL": notes.url}
    assert notes.run()[0] == 0
    assert migrated.ask(RECORDED) == "0003_no_text"


def test_to_forget_which_environment_it_is_destroys_nothing(notes, migrated):
    notes.variables = {"ENVIRONMENT": "development", "DATABASE_URL": notes.url}
    code, _, errors = notes.run()
    assert (code, migrated.ask(TEXTS), migrated.ask(RECORDED)) == (1, ["kept"], "0001_first")
    assert "ENVIRONMENT is development, and this database was migrated in production" in errors
    assert "db export" not in errors
    assert notes.run("notes", "--allow-destructive")[0] == 0  # a copy of it, on a laptop
    assert migrated.ask(RECORDED) == "0003_no_text"


def test_the_first_migrate_goes_on_where_it_was_interrupted(tmp_path):
    with Server() as server:
        notes = in_production(Notes(tmp_path, server.url()))
        assert notes.run("accounts", "0001", "--verbosity=0")[0] == 0
        code, _, errors = notes.run("--verbosity=0")
        assert code == 0, errors
