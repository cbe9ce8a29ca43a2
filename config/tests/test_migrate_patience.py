"""Migrations beside a site that is in use: who waits for whom, how long, and what is said of it."""

import time

import psycopg
import pytest

from config.tests.clone import wait_until
from config.tests.notes_app import Notes
from config.tests.processes import ended
from config.tests.servers import Bouncer, Server

pytestmark = pytest.mark.slow

COLUMN = 'AddField("note", "color", models.TextField(null=True))'
OTHER = 'AddField("note", "shape", models.TextField(null=True))'
INDEX = 'AddIndexConcurrently("note", models.Index(fields=["text"], name="note_text"))'
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
COLUMNS = """SELECT array_agg(column_name::text ORDER BY 1) FROM information_schema.columns
    WHERE table_name = 'notes_note' AND column_name IN ('color', 'shape')"""
LOOKED = "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'pg_blocking_pids' AND state = 'idle'"
RECORDED = "SELECT max(name) FROM django_migrations WHERE app = 'notes'"
SOON = ("notes", "--lock-timeout=1")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Its database `first` is the pattern of those of the tests: with the first migration."""
    with Server() as server:
        server.ask("CREATE DATABASE first")
        notes = Notes(tmp_path_factory.mktemp("first"), server.url(name="first"))
        assert notes.run()[0] == 0
        yield server


@pytest.fixture
def notes(server, tmp_path):
    """Where the first migration is applied, and the table is in use by the site."""
    server.renew("first")
    return Notes(tmp_path, server.url())


@pytest.fixture
def site(server, notes):
    """A transaction of the site that reads the table for as long as the test wants."""
    with server.connect(application_name="nightly-report") as site:
        site.execute("BEGIN; SELECT FROM notes_note")
        yield site


@pytest.mark.parametrize("atomic", [True, False])
def test_the_site_goes_first_and_the_migration_tries_again(notes, site, server, atomic):
    notes.write("color", COLUMN, OTHER, atomic=atomic)
    process = notes.start(*SOON)
    assert wait_until(lambda: server.ask(WAITING))
    asks = "SELECT count(*) FROM notes_note"  # which queues behind the migration
    assert server.ask(asks, options="-c statement_timeout=60s") == 0
    assert wait_until(lambda: server.ask(LOOKED))
    site.execute("COMMIT")
    code, _, errors = ended(process)
    assert (code, server.ask(COLUMNS)) == (0, ["color", "shape"]), errors
    assert "Waiting for nightly-report (session " in errors
    assert "tries again in 1 s (try 2 of 10)" in errors


@pytest.mark.parametrize("pooled", [False, True])
def test_after_the_last_try_it_says_who_blocks_and_nothing_is_done(notes, site, server, pooled):
    notes.write("color", COLUMN)
    with Bouncer(server) as bouncer:
        variables = {"DATABASE_POOLER": "transaction"}
        if pooled:
            notes.url = bouncer.url()
        code, _, errors = notes.run(*SOON, "--tries=2", **(variables if pooled else {}))
    assert (code, server.ask(COLUMNS), server.ask(RECORDED)) == (1, None, "0001_first")
    pid = site.info.backend_pid
    assert "notes.0002_color did not get its lock in 2 tries of 1 s: nightly-report" in errors
    assert f"(session {pid}, since " in errors
    assert "Nothing of notes.0002_color is applied. Let that end, or end it by SELECT" in errors
    assert f"pg_terminate_backend({pid})" in errors
    assert "Traceback" not in errors


def test_what_is_half_done_is_neither_hidden_nor_done_twice(notes, site, server):
    notes.write("color", 'RunSQL("INSERT INTO notes_note (text) VALUES (1)")', COLUMN, atomic=False)
    code, _, errors = notes.run(*SOON, "--tries=2")
    assert (code, server.ask("SELECT count(*) FROM notes_note")) == (1, 1)
    assert "notes.0002_color is not atomic: what it did before is applied" in errors
    assert "tries again" in errors


def test_where_a_killed_one_has_left_a_part_it_says_what_to_do(notes, server):
    notes.write("color", COLUMN, OTHER, atomic=False)
    server.ask("ALTER TABLE notes_note ADD COLUMN color text")
    code, _, errors = notes.run("notes")
    assert (code, server.ask(COLUMNS), server.ask(RECORDED)) == (1, ["color"], "0001_first")
    told = "notes.0002_color is not atomic, and a part of it is done: column "
    assert f'{told}"color" of relation "notes_note" already exists. A migrate before' in errors
    assert "Undo that part, then run migrate again." in errors
    assert "Traceback" not in errors


def test_what_is_built_concurrently_waits_as_long_as_it_takes(notes, site, server):
    site.execute("LOCK notes_note IN ROW EXCLUSIVE MODE")  # has written: the index must wait
    notes.write("index", INDEX, atomic=False)
    process = notes.start(*SOON, "--tries=1")
    assert wait_until(lambda: server.ask(WAITING))
    with server.connect() as other:  # and meanwhile people write
        other.execute("SET statement_timeout = '10s'; INSERT INTO notes_note (text) VALUES ('new')")
    time.sleep(1.5)
    site.execute("COMMIT")
    code, _, errors = ended(process)
    assert (code, "tries again" in errors) == (0, False)
    assert "Waiting for nightly-report" in errors
    assert server.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'note_text'::regclass")


@pytest.mark.parametrize("atomic", [True, False])
def test_statements_take_as_long_as_they_take(notes, server, atomic):
    notes.write("slow", 'RunSQL("SELECT pg_sleep(0.5)")', atomic=atomic)
    server.ask("ALTER ROLE groundwork SET statement_timeout = '200ms'")
    try:
        assert notes.run()[0] == 0
        with pytest.raises(psycopg.errors.QueryCanceled):
            server.ask("SELECT pg_sleep(0.5)")
    finally:
        server.ask("ALTER ROLE groundwork RESET statement_timeout", user="postgres")
