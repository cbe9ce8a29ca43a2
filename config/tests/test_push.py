"""manage.py db push: models that change every few minutes, with one new migration for each app."""

import io
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management.base import CommandError, OutputWrapper
from django.db import models
from django.db.migrations import AddField, CreateModel
from django.db.migrations.graph import MigrationGraph

from config.database import guards
from config.database.migrating import turns
from config.database.pushing.files import Files, migration
from config.database.pushing.folding import fold
from config.database.target import Target
from config.database.verbs import push as push_verb
from config.database.verbs.push import Push
from config.tests.notes_app import Notes
from config.tests.processes import PRODUCTION, ended, run
from config.tests.servers import Server

pytestmark = pytest.mark.slow

TEXT, COLOR = "text = models.TextField(default='')", "color = models.TextField(null=True)"
TAG = "models.ForeignKey('tags.Tag', models.CASCADE, null=True)"
COLUMNS = """SELECT string_agg(column_name, ' ' ORDER BY column_name)
    FROM information_schema.columns WHERE table_name = 'notes_note'"""
RECORDED = """SELECT string_agg(app || '.' || name, ' ' ORDER BY app, name)
    FROM django_migrations WHERE app IN ('notes', 'tags')"""
ROWS = "INSERT INTO notes_note (text) VALUES ('a'), ('b'), ('b')"


class Project(Notes):
    """`notes` and `tags` in a repository, and the models that a test gives them."""

    def __init__(self, folder, server, name):
        super().__init__(folder, server.url(name=name))
        self.server, self.name = server, name
        self.variables = {"ENVIRONMENT": "development"}
        self.file(self.names.pop()).unlink()
        (folder / "tags" / "migrations").mkdir(parents=True)
        for file in ("tags/__init__.py", "tags/migrations/__init__.py"):
            (folder / file).touch()
        settings = folder / "notes_settings.py"
        settings.write_text(settings.read_text().replace('"notes"', '"notes", "tags"'))
        self.models()
        self.git("init", "-q")

    def git(self, *arguments):
        subprocess.run(["git", "-C", self.folder, *arguments], check=True)

    def models(self, *fields, app="notes", model="Note"):
        lines = "".join(f"    {field}\n" for field in fields)
        text = f"class {model}(models.Model):\n{lines}" if fields else ""
        (self.folder / app / "models.py").write_text(f"from django.db import models\n\n{text}")

    def push(self, *flags, **variables):
        return self.run("push", *flags, command="db", **variables)

    def pushed(self, *flags):
        code, output, errors = self.push(*flags)
        assert code == 0, output + errors
        return errors

    def files(self, app="notes"):
        """The migrations of an app by name, with what stands in them."""
        folder = self.folder / app / "migrations"
        return {file.stem: file.read_text() for file in sorted(folder.glob("0*"))}

    def ask(self, question):
        return self.server.ask(question, dbname=self.name)

    def state(self):
        """All that a push changes."""
        return self.files(), self.files("tags"), self.ask(COLUMNS), self.ask(RECORDED)


@pytest.fixture(scope="module")
def server():
    """Its database has all tables of ours, and is the pattern of those of the tests."""
    with Server() as server:
        done = run("manage.py", "migrate", "-v0", ENVIRONMENT="test", DATABASE_URL=server.url())
        assert done.returncode == 0, done.stderr
        yield server


@pytest.fixture
def project(server, tmp_path):
    name = f"push_{len(server.ask('SELECT array_agg(datname) FROM pg_database'))}"
    server.ask(f"CREATE DATABASE {name} TEMPLATE groundwork")
    return Project(tmp_path, server, name)


def test_each_push_leaves_one_new_migration_and_the_tables_of_the_models(project):
    project.models(TEXT)
    project.pushed()
    assert [*project.files()] == ["0001_initial"]
    project.models(TEXT, COLOR)
    project.pushed()
    assert [*project.files()] == ["0001_initial"]
    assert (project.ask(COLUMNS), project.ask(RECORDED)) == ("color id text", "notes.0001_initial")
    before = project.state()
    project.pushed()
    assert project.state() == before


def test_the_first_models_of_an_app_without_a_folder_for_migrations_are_made(project):
    shutil.rmtree(project.folder / "tags" / "migrations")
    user = "user = models.ForeignKey('accounts.User', models.CASCADE, db_index=False)"
    index = "class Meta: indexes = [models.Index(fields=['user'], name='by_user')]"
    project.models(user, index, app="tags")
    code, output, errors = project.run("check", command="db")
    assert (code, "no migrations yet (1)\n  tags\n" in output) == (1, True), output + errors
    output, errors = project.run("plan", command="db")[1:]
    assert "There is nothing to migrate." in output
    assert "Models say what no migration does" in errors
    project.pushed()
    assert project.ask(RECORDED) == "tags.0001_initial"
    assert project.run("check", command="db")[0] == 0


def test_a_default_for_the_rows_of_before_is_for_them_alone():
    number = models.IntegerField()
    steps = [
        [CreateModel("Note", [("id", models.BigAutoField(primary_key=True))])],
        [AddField("note", "size", models.IntegerField(default=1), preserve_default=False)],
        [AddField("old", "size", models.IntegerField(default=1), preserve_default=False)],
    ]
    graph = MigrationGraph()
    for place, operations in enumerate(steps):
        key = ("notes", f"000{place + 1}_step")
        graph.add_node(key, migration(key, operations=operations))
        if place:
            graph.add_dependency(None, key, ("notes", f"000{place}_step"))
    (made,) = fold([*graph.nodes], SimpleNamespace(graph=graph))
    table, column = made.operations
    assert [name for name, _ in table.fields] == ["id", "size"]
    assert table.fields[1][1].deconstruct() == number.deconstruct()
    assert (column.field.default, column.preserve_default) == (1, False)


def test_what_git_tracks_stays_as_it_is(project):
    project.models(TEXT)
    project.pushed()
    project.git("add", "notes")
    project.ask(ROWS)
    tracked = project.files()["0001_initial"]
    for fields in ([TEXT, COLOR], [TEXT, COLOR, "size = models.IntegerField(default=1)"]):
        project.models(*fields)
        project.pushed()
    first, second = project.files().items()
    assert first == ("0001_initial", tracked)
    assert second[0] == "0002_note_color_note_size"
    assert project.ask("SELECT count(*) FROM notes_note") == 3


def test_what_the_way_back_would_lose_is_counted_and_asked_for(project):
    project.models(TEXT)
    project.pushed()
    project.git("add", "notes")
    project.models(TEXT, COLOR)
    project.pushed()
    project.ask(ROWS)
    project.ask("UPDATE notes_note SET color = 'red' WHERE text = 'b'")
    project.models(TEXT, COLOR, "size = models.IntegerField(default=1)")
    before = project.state()
    code, _, errors = project.push()
    assert (code, project.state()) == (1, before)
    assert "loses\n  2 values of notes_note.color\n" in errors
    assert "say --force if you mean it" in errors
    assert project.ask("SELECT count(color) FROM notes_note") == 2
    project.pushed("--force")
    assert project.ask(COLUMNS) == "color id size text"
    assert project.ask("SELECT count(*) FROM notes_note WHERE color IS NULL") == 3


def test_rows_of_a_new_table_are_counted_as_well(project):
    project.models(TEXT)
    project.pushed()
    project.ask(ROWS)
    project.models(TEXT, COLOR)
    code, _, errors = project.push()
    assert (code, "\n  3 rows of notes_note\n" in errors) == (1, True)


def test_what_was_renamed_stays_renamed(project):
    project.models(TEXT)
    project.pushed()
    project.git("add", "notes")
    project.names = ["0001_initial"]
    project.ask(ROWS)
    project.models(TEXT.replace("text", "body", 1), model="Memo")
    project.file("0002_memo").write_text(
        "from django.db import migrations\n\n"
        "class Migration(migrations.Migration):\n"
        "    dependencies = [('notes', '0001_initial')]\n"
        "    operations = [\n"
        "        migrations.RenameModel(old_name='Note', new_name='Memo'),\n"
        "        migrations.RenameField(model_name='memo', old_name='text', new_name='body'),\n"
        "    ]\n"
    )
    project.pushed()
    project.models(TEXT.replace("text", "body", 1), COLOR, model="Memo")
    project.pushed()
    assert len(project.files()) == 2
    assert project.ask("SELECT count(body) FROM notes_memo") == 3


BY_HAND = [
    lambda text: text.replace("    ]\n", "    ]\n    # Ask Anna first.\n"),
    lambda text: text.replace("operations = [", "operations = [migrations.RunSQL(sql='SELECT 1'),"),
    lambda text: text + "\n\ndef fill(apps, editor):\n    pass\n",
]


def test_what_is_written_by_hand_is_never_folded(project):
    project.models(TEXT)
    project.pushed()
    file = project.file("0001_initial")
    generated = file.read_text()
    project.models(TEXT, COLOR)
    for by_hand in BY_HAND:
        file.write_text(by_hand(generated))
        before = project.state()
        code, _, errors = project.push("--force")
        assert (code, project.state()) == (1, before)
        assert "Written by hand, at least in part: notes.0001_initial." in errors
    project.git("add", "notes")
    project.pushed()
    assert [*project.files()] == ["0001_initial", "0002_note_color"]
    assert project.files()["0001_initial"] == before[0]["0001_initial"]


def test_apps_that_need_one_another_are_folded_together(project):
    project.models(TEXT)
    project.pushed()
    note = "note = models.ForeignKey('notes.Note', models.CASCADE)"
    project.models(note, app="tags", model="Tag")
    project.pushed()
    project.models(TEXT, f"tag = {TAG}")
    project.pushed()
    names = [*project.files()], [*project.files("tags")]
    assert names == (["0001_initial", "0002_note_tag"], ["0001_initial"])
    before = project.state()
    project.ask("INSERT INTO tags_tag (note_id) SELECT id FROM notes_note")
    project.pushed()  # one for each app is not possible: nothing is taken back in vain
    assert project.state() == before
    project.models(TEXT, f"tag = {TAG}", COLOR)
    project.pushed()
    assert [*project.files()] == ["0001_initial", "0002_note_tag_note_color"]
    assert "('tags', '0001_initial')" in project.files()["0002_note_tag_note_color"]
    assert "('notes', '0001_initial')" in project.files("tags")["0001_initial"]
    assert len(project.ask(RECORDED).split()) == 3


@pytest.mark.parametrize("folded", [False, True])
def test_what_fails_leaves_files_and_database_as_before(project, folded):
    project.models(TEXT)
    project.pushed()
    project.git("add", "notes")
    project.ask(ROWS)
    fields = [TEXT, COLOR] if folded else [TEXT]
    project.models(*fields)
    project.pushed()
    if folded:
        project.ask("UPDATE notes_note SET color = 'red'")
    before = project.state()
    project.models(TEXT.replace("(", "(unique=True, "), *fields[1:])
    code, _, errors = project.push("--force")
    assert (code, project.state()) == (1, before), errors
    assert "PostgreSQL refused it: could not create unique index" in errors
    assert project.ask("SELECT count(*) FROM notes_note") == 3
    if folded:
        assert project.ask("SELECT count(color) FROM notes_note") == 3
        assert "Files and database are as before." in errors


def test_who_stops_it_finds_the_files_as_before(project, server):
    project.models(TEXT)
    project.pushed()
    project.models(TEXT, COLOR)
    before = project.state()
    with server.connect(dbname=project.name) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [turns.LOCK])
        push = project.start("push", command="db")
        while len(project.files()) == 1:
            assert push.returncode is None
            time.sleep(0.05)
        os.kill(push.pid, signal.SIGTERM)
        code, _, errors = ended(push)
    assert (code, project.state()) == (1, before)
    assert "CommandError: Stopped." in errors


def test_who_stops_it_while_former_files_are_deleted_loses_no_new_one(tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    file = tmp_path / "0001_initial.py"
    file.with_name(f"{file.name}.before-push").write_text("old")
    file.write_text("new")
    files = Files()
    files._made = files._replaced = {file}
    monkeypatch.setattr(Path, "unlink", stop)
    with pytest.raises(KeyboardInterrupt), files:
        files.settle()
    assert file.read_text() == "new"


def test_what_makemigrations_has_to_ask_is_left_to_a_terminal(project):
    project.models(TEXT)
    project.pushed()
    project.models(TEXT, "size = models.IntegerField()")
    before = project.state()
    code, _, errors = project.push()
    assert (code, project.state()) == (1, before)
    assert "makemigrations has to ask, and there is no terminal." in errors


def test_a_file_that_is_gone_is_not_made_up_for(project):
    project.models(TEXT)
    project.pushed()
    file = project.file("0001_initial")
    file.rename(file.with_name(f"{file.name}.before-push"))  # as one that is killed leaves it
    code, _, errors = project.push()
    assert (code, "left the files from before it. Bring them back" in errors) == (1, True)
    file.with_name(f"{file.name}.before-push").unlink()
    code, _, errors = project.push()
    assert (code, project.ask(COLUMNS)) == (1, "id text")
    assert "without a file: notes.0001_initial." in errors


def test_where_git_cannot_tell_nothing_is_folded(project):
    (project.folder / ".git").rename(project.folder / "elsewhere")
    project.models(TEXT)
    before = project.state()
    code, _, errors = project.push(GIT_CEILING_DIRECTORIES="/")
    assert (code, project.state()) == (1, before)
    assert re.search("db push asks git .* not a git repository", errors)


@pytest.mark.parametrize("environment", ["test", "production"])
def test_it_is_for_development_alone(project, environment):
    project.models(TEXT)
    variables = PRODUCTION | {"ENVIRONMENT": environment, "DATABASE_URL": project.url}
    code, _, errors = project.push(**variables)
    assert (code, project.files()) == (1, {})
    assert f"ENVIRONMENT is {environment}, and push is for prototypes" in errors


@pytest.mark.parametrize(("typed", "goes_on"), [("y\n", True), ("\n", False), ("no\n", False)])
def test_at_a_terminal_it_asks(monkeypatch, typed, goes_on):
    terminal = SimpleNamespace(isatty=lambda: True, readline=lambda: typed)
    monkeypatch.setattr("sys.stdin", terminal)
    target = Target("development", "127.0.0.1", "5432", "groundwork")
    verb = Push(target, OutputWrapper(io.StringIO()), OutputWrapper(told := io.StringIO()))
    with nullcontext() if goes_on else pytest.raises(CommandError, match="Nothing was changed"):
        verb.ask(["2 values of notes_note.color"])
    assert "loses\n  2 values of notes_note.color\nGo on? [y/N] " in told.getvalue()


def test_it_is_refused_where_the_connection_led_elsewhere_after_all(db, monkeypatch):
    monkeypatch.setattr(guards, "is_local", lambda reached: not reached)
    verb = Push(Target("development", "127.0.0.1", "5432", "groundwork"), *[None] * 2)
    with pytest.raises(CommandError, match=r"the connection leads to \S+: stopped"):
        verb.run(force=True)


def test_a_full_disk_is_a_sentence(db, monkeypatch):
    def fill(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(push_verb, "push", fill)
    push = Push(Target("development", "127.0.0.1", "5432", "groundwork"), *[None] * 2)
    with pytest.raises(CommandError, match=r"No space left on device\. Files and database are as"):
        push.run(force=True)


def test_it_is_not_for_what_may_be_productions(project):
    project.models(TEXT)
    project.ask("UPDATE config_migrationfile SET environment = 'staging'")
    code, _, errors = project.push("--force")
    assert (code, project.files()) == (1, {})
    assert "This database was migrated in staging: it is a copy, or a tunnel" in errors


def test_it_is_for_this_machine_alone(project):
    elsewhere = "postgres://nobody:secret@db.example.com/none"
    code, _, errors = project.push(DATABASE_URL=elsewhere)
    assert (code, "not this machine" in errors) == (1, True)
