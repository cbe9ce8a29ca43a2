"""Many that migrate at once: one does, and the others wait, in any way that leads to PostgreSQL."""

import pytest

from config.tests.clone import wait_until
from config.tests.notes_app import Notes
from config.tests.processes import ended
from config.tests.servers import Bouncer, Server

pytestmark = pytest.mark.slow

SLOW = 'RunSQL("SELECT pg_sleep(1.5)")'
UNTIL_DONE = """RunSQL("DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'done')"
    " LOOP PERFORM pg_sleep(0.05); END LOOP; END $$")"""
INDEX = 'AddIndexConcurrently("note", models.Index(fields=["text"], name="note_text"))'
APPLIED = "SELECT count(*) FROM django_migrations"
HOLDS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
MIGRATING = "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^(DO|SELECT pg_sleep)'"


@pytest.fixture
def server():
    with Server() as server:
        yield server


@pytest.fixture
def notes(server, tmp_path):
    return Notes(tmp_path, server.url())


def test_ten_deploys_at_once_end_well_on_an_empty_database(notes, server):
    done = [ended(one) for one in [notes.start("--verbosity=1") for _ in range(10)]]
    assert [code for code, _, _ in done] == [0] * 10, done
    assert sum("Applying accounts.0001_initial... OK" in output for _, output, _ in done) == 1
    assert sum("to become the owner" in output for _, output, _ in done) == 1
    waited = [errors for _, _, errors in done if "Waiting for another migrate to end" in errors]
    assert len(waited) == 9
    assert all("migrate on " in errors and "Nothing is left to do" in errors for errors in waited)
    assert notes.run("--check")[0] == 0


def test_six_at_once_build_an_index_concurrently_through_a_pooler(notes, server):
    notes.write("slow", SLOW)
    notes.write("index", INDEX, atomic=False)
    with Bouncer(server, size=4) as bouncer:
        notes.url = bouncer.url()
        pooled = {"DATABASE_POOLER": "transaction"}
        done = [ended(one) for one in [notes.start(**pooled) for _ in range(6)]]
    assert [code for code, _, _ in done] == [0] * 6, done
    assert sum("Applying notes.0003_index... OK" in output for _, output, _ in done) == 1
    assert server.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'note_text'::regclass")


def test_who_is_killed_leaves_the_turn_to_the_next(notes, server):
    notes.write("endless", 'RunSQL("SELECT pg_sleep(30)")')
    first = notes.start()
    assert wait_until(lambda: server.ask(MIGRATING))
    first.kill()
    notes.file(notes.names.pop()).unlink()
    assert ended(first)[0] < 0
    code, _, errors = notes.run()
    assert (code, errors) == (0, "")


def test_nothing_ends_the_transaction_that_holds_the_turn(notes, server):
    for limit in ("idle_in_transaction_session_timeout", "transaction_timeout", "lock_timeout"):
        server.ask(f"ALTER ROLE groundwork SET {limit} = '700ms'")
    server.ask("ALTER ROLE groundwork SET default_transaction_isolation = 'repeatable read'")
    notes.write("slow", SLOW)
    notes.write("index", INDEX, atomic=False)
    code, _, errors = notes.run()
    assert (code, errors) == (0, "")


def test_who_lost_the_turn_stops_before_the_next_migration(notes, server):
    notes.write("slow", UNTIL_DONE)
    notes.write("after", SLOW)
    process = notes.start()
    assert wait_until(lambda: server.ask(MIGRATING))
    server.ask(f"SELECT pg_terminate_backend(pid) FROM ({HOLDS}) held", user="postgres")
    server.ask("CREATE TABLE done ()")
    code, _, errors = ended(process)
    assert (code, server.ask(APPLIED)) == (1, 2)
    assert "run migrate again" in errors
    assert "Traceback" not in errors


def test_a_database_that_is_away_is_one_sentence(notes, server):
    server.stop()
    code, _, errors = notes.run()
    assert (code, errors.count("\n")) == (1, 1)
    assert "The database cannot be reached:" in errors


@pytest.mark.parametrize("pooled", [False, True])
def test_an_index_that_a_killed_migrate_has_left_half_built_is_built_anew(notes, server, pooled):
    """PostgreSQL goes on building it for who is gone, so also the one who builds is ended."""
    assert notes.run()[0] == 0
    notes.write("index", INDEX, atomic=False)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with Bouncer(server) as bouncer, server.connect() as site:
        if pooled:
            notes.url, notes.variables = bouncer.url(), {"DATABASE_POOLER": "transaction"}
        site.execute("BEGIN; LOCK notes_note IN ROW EXCLUSIVE MODE")
        killed = notes.start()
        assert wait_until(lambda: server.ask(waiting))
        killed.kill()
        assert ended(killed)[0] < 0
        second = notes.start()
        assert wait_until(lambda: server.ask(f"{waiting} AND query LIKE 'DROP INDEX%'"))
        site.execute("COMMIT")
        code, _, errors = ended(second)
    assert (code, "has left note_text half built" in errors) == (0, True), errors
    assert server.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'note_text'::regclass")


def test_what_a_killed_migrate_has_done_is_said_in_a_sentence(notes, server):
    assert notes.run()[0] == 0
    server.ask("CREATE INDEX note_text ON notes_note (text)")
    notes.write("index", INDEX, atomic=False)
    code, _, errors = notes.run()
    assert (code, "Traceback" in errors) == (1, False)
    assert 'is done: relation "note_text" already exists. A migrate before' in errors
    assert server.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'note_text'::regclass")
