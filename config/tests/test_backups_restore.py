"""manage.py db restore: all of an export comes back, or what was there stays."""

import os
import signal
from io import BytesIO, StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.database.backups import manifest, restoring, scripts
from config.database.backups.sources import Source
from config.tests.exported import copy, entry, tell

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

PEOPLE = "SELECT count(*) FROM accounts_user"
TRIGGERS_OFF = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'"


@pytest.fixture
def filled(beside):
    """A database with a table that no export knows of, and one row."""
    with beside.connect() as served:
        served.execute("CREATE TABLE precious AS SELECT 1 AS id")
    return beside


@pytest.fixture
def restore(beside, db, settings, monkeypatch):
    """What one types, for the database `beside`; returns the lines that were said."""
    monkeypatch.setitem(settings.DATABASES, "default", {**entry(), "NAME": beside.name})

    def run(*arguments, typed=None):
        said = StringIO()
        if typed is not None:
            answer = f"{typed}\n"
            terminal = SimpleNamespace(isatty=lambda: True, readline=lambda: answer)
            monkeypatch.setattr("sys.stdin", terminal)
        call_command("db", "restore", *map(str, arguments), stdout=said, stderr=said)
        return said.getvalue().splitlines()

    return run


@pytest.mark.parametrize("kind", ["dump", "sql"])
def test_an_export_comes_back_into_an_empty_database(exports, beside, kind):
    export = getattr(exports, kind)
    beside.restore(export.path)
    assert beside.ask(PEOPLE) == 3
    assert beside.ask("SELECT count(*) FROM accounts_session") == 0
    with beside.connect() as served:
        assert restoring.differences(export.manifest, served) == []
    assert export.manifest.rows["public.accounts_user"] == 3


def test_everything_of_the_database_is_replaced(exports, filled):
    filled.restore(exports.dump.path, over=True)
    filled.restore(exports.sql.path, over=True)
    with filled.connect() as served:
        assert restoring.differences(exports.sql.manifest, served) == []


def test_rows_alone_come_back_once_past_the_triggers_that_would_refuse_or_double_them(
    exports, beside
):
    beside.restore(exports.dump.path)
    events = beside.ask("SELECT count(*) FROM accounts_event")
    with beside.connect() as served:
        served.execute("DELETE FROM accounts_mail; UPDATE accounts_user SET name = 'Changed'")
    beside.restore(exports.data.path)
    assert beside.ask("SELECT count(*) FROM accounts_event") == events > 0
    assert beside.ask("SELECT count(*) FROM accounts_user WHERE name = 'Changed'") == 0
    assert beside.ask("SELECT count(*) FROM accounts_mail") == 2
    assert beside.ask(TRIGGERS_OFF) == 0


def test_no_email_that_was_on_its_way_is_sent_by_a_copy(exports, beside):
    assert beside.restore(exports.dump.path) == 2
    assert beside.ask("SELECT count(*) FROM accounts_mail WHERE next_try IS NOT NULL") == 0
    assert beside.ask("SELECT count(*) FROM accounts_mail WHERE last_error = 'Restored'") == 2


def test_what_fails_leaves_what_was_there(exports, filled, tmp_path):
    path = copy(exports.dump, tmp_path)
    tell(path, rows=exports.dump.manifest.rows | {"public.accounts_user": 4})
    wrong = "public.accounts_user has 3 rows now, and had 4 when it was exported"
    with pytest.raises(CommandError, match=wrong):
        filled.restore(path, over=True)
    assert filled.ask("SELECT id FROM precious") == 1


@pytest.mark.parametrize("kind", ["dump", "sql"])
def test_a_file_that_was_edited_is_not_restored(exports, filled, tmp_path, kind):
    path = copy(getattr(exports, kind), tmp_path)
    content = bytearray(path.read_bytes())
    content[-200] ^= 1
    path.write_bytes(content)
    with pytest.raises(CommandError, match="is not what was exported: its checksum is another one"):
        filled.restore(path, over=True)


def test_counts_that_were_edited_are_not_believed(exports, filled, tmp_path):
    path = copy(exports.dump, tmp_path)
    manifest.beside(path).write_text("{}")
    with pytest.raises(CommandError, match=r"json is not what was exported"):
        filled.restore(path, over=True)


@pytest.mark.parametrize("share", [0.4, 0.99])
@pytest.mark.parametrize("kind", ["dump", "sql"])
def test_half_a_file_leaves_what_was_there(exports, filled, tmp_path, kind, share):
    whole = getattr(exports, kind).path
    path = tmp_path / whole.name
    path.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    with pytest.raises(CommandError):
        filled.restore(path, over=True, unverified=True)
    assert filled.ask("SELECT id FROM precious") == 1


def test_an_export_without_its_checksum_needs_a_word_more(exports, beside, tmp_path):
    path = copy(exports.dump, tmp_path)
    manifest.checksums_beside(path).unlink()
    with pytest.raises(CommandError, match=r"dump\.sha256 should be beside"):
        beside.restore(path)
    beside.restore(path, unverified=True)
    assert beside.ask(PEOPLE) == 3


def test_what_is_no_export_is_a_sentence(beside, tmp_path):
    picture, none = tmp_path / "picture.dump", tmp_path / "none.dump"
    picture.write_bytes(b"\x89PNG")
    with pytest.raises(CommandError, match=r"picture\.dump is no export"):
        beside.restore(picture, unverified=True)
    for path, what in ((none, "is not there"), (tmp_path, "is a folder")):
        with pytest.raises(
            CommandError, match=rf"{what}\. The newest export there: .*picture\.dump"
        ):
            beside.restore(path)


def test_an_export_of_a_newer_postgresql_is_refused(exports, filled, tmp_path):
    path = tmp_path / "newer.sql"
    version = b"Dumped from database version %d" % (connection.pg_version // 10_000)
    assert version in exports.sql.path.read_bytes()
    path.write_bytes(exports.sql.path.read_bytes().replace(version, version[:-2] + b"99"))
    with pytest.raises(CommandError, match=r"newer.sql is of PostgreSQL 99, and this server is of"):
        filled.restore(path, over=True, unverified=True)


def test_sql_that_leaves_psql_in_the_middle_restores_nothing(exports, filled, tmp_path):
    path = tmp_path / "leaves.sql"
    text = exports.sql.path.read_text().replace("\\unrestrict", "\\q\n\\unrestrict")
    path.write_text(text.replace("\\restrict", "-- "))
    with pytest.raises(CommandError, match="psql stopped before the end of the export"):
        filled.restore(path, over=True, unverified=True)
    assert filled.ask("SELECT id FROM precious") == 1


def test_who_stops_a_restore_finds_what_was_there(exports, filled, restore, monkeypatch):
    hand_on = restoring._hand_on

    def and_stop(*args):
        hand_on(*args)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(restoring, "_hand_on", and_stop)
    with pytest.raises(CommandError, match=r"^Stopped; the database is as it was\.$"):
        restore(exports.dump.path, typed=filled.name)
    assert filled.ask("SELECT id FROM precious") == 1


def test_a_psql_that_is_killed_leaves_what_was_there(exports, filled, monkeypatch):
    after = scripts.after
    monkeypatch.setattr(
        scripts, "after", lambda told: f"SELECT 1/(SELECT count(*) FROM none);{after(told)}"
    )
    with pytest.raises(CommandError, match='psql could not go on: relation "none" does not exist'):
        filled.restore(exports.dump.path, over=True)
    assert filled.ask("SELECT id FROM precious") == 1


@pytest.mark.parametrize("environment", ["development", "production"])
def test_a_database_that_is_not_empty_takes_somebody_who_types_its_name(
    exports, filled, restore, settings, environment
):
    settings.ENVIRONMENT = environment
    with pytest.raises(CommandError, match="restore into a database that is empty, or"):
        restore(exports.dump.path)
    with pytest.raises(CommandError, match="That is not its name"):
        restore(exports.dump.path, typed="yes")
    with pytest.raises(CommandError, match="unrecognized arguments: --force"):
        restore(exports.dump.path, "--force")
    assert filled.ask("SELECT id FROM precious") == 1
    assert "Restored" in "\n".join(restore(exports.dump.path, typed=filled.name))
    assert filled.ask(PEOPLE) == 3


def test_nothing_is_replaced_while_somebody_is_connected(exports, filled, restore):
    with filled.connect(), pytest.raises(CommandError, match="Others are connected to beside_"):
        restore(exports.dump.path, typed=filled.name)
    assert filled.ask("SELECT id FROM precious") == 1


def test_a_copy_elsewhere_whose_database_is_made_says_whose_it_is(
    exports, beside, restore, settings
):
    settings.ENVIRONMENT = "development"
    beside.drop()
    said = "\n".join(restore(exports.dump.path))
    assert f"Made the database {beside.name}." in said
    assert "2 emails were on their way and are given up" in said
    assert "This is a copy of test: its people are real" in said
    assert "as exported" in said


def test_some_tables_alone_are_not_restored(exports, beside, restore, tmp_path):
    path = copy(exports.dump, tmp_path)
    tell(path, tables=["public.accounts_user"])
    with pytest.raises(CommandError, match="has some tables alone"):
        restore(path)
    assert restoring.is_empty(beside.connect())


def test_a_server_from_before_17_is_not_asked_for_what_it_does_not_know(tmp_path):
    path, script = tmp_path / "export.sql", BytesIO()
    path.write_bytes(b"SET lock_timeout = 0;\nSET transaction_timeout = 0;\nSELECT 1;\n")
    restoring._hand_on(Source(path, is_sql=True, manifest=None), tmp_path, script, 150004)
    assert script.getvalue() == b"SET lock_timeout = 0;\nSELECT 1;\n"
