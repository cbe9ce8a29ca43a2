"""manage.py db restore --drill: whether an export comes back, and nothing is left of trying."""

import os
import signal
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from psycopg.conninfo import conninfo_to_dict

from config.database import clients
from config.database.backups import restoring, scratch
from config.database.target import parameters
from config.tests.exported import copy, entry, tell
from config.tests.servers import Server

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def drill(path):
    """What one types; returns what was said."""
    said = StringIO()
    call_command("db", "restore", "--drill", str(path), stdout=said, stderr=said)
    return said.getvalue()


def scratches():
    with psycopg.connect(**parameters(entry())) as served:
        found = served.execute("SELECT datname FROM pg_database WHERE datname ~ '_drill_'")
        return [name for (name,) in found.fetchall()]


def test_drill_restores_compares_and_says_how_long_it_took(exports):
    said = drill(exports.dump.path)
    assert f"{exports.dump.path.name} can be restored: " in said
    assert "as exported" in said
    assert "It took " in said
    assert scratches() == []


def test_drill_tells_of_a_schema_that_is_not_as_it_was_exported(exports, tmp_path):
    path = copy(exports.dump, tmp_path)
    table = "table public.accounts_user"
    assert table in exports.dump.manifest.shapes
    tell(path, shapes=exports.dump.manifest.shapes | {table: "other", "view public.gone": "made"})
    with pytest.raises(CommandError) as told:
        drill(path)
    assert f"The {table} is made in another way." in str(told.value)
    assert "The view public.gone is missing." in str(told.value)
    assert scratches() == []


def test_who_stops_a_drill_leaves_no_database(exports, monkeypatch):
    monkeypatch.setattr(restoring, "_hand_on", lambda *_: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(CommandError, match=r"^Stopped"):
        drill(exports.dump.path)
    assert scratches() == []


def test_what_a_killed_drill_left_goes_with_the_next_and_a_running_one_stays(db):
    given = parameters(entry())
    name = given["dbname"]
    with psycopg.connect(**given, autocommit=True) as served:
        served.execute(f"CREATE DATABASE {name}_drill_0123abcd")
        served.execute(f"CREATE DATABASE {name}_drill_of_ours")
        try:
            with scratch.database(given) as running, psycopg.connect(**running):
                with scratch.database(given):
                    assert len(scratches()) == 3
                assert set(scratches()) == {running["dbname"], f"{name}_drill_of_ours"}
        finally:
            served.execute(f"DROP DATABASE {name}_drill_of_ours")
    assert scratches() == []


def test_a_role_that_may_make_no_database_hears_what_would_help():
    with Server() as server:
        server.ask("ALTER ROLE groundwork NOCREATEDB", user="postgres")
        refused = pytest.raises(CommandError, match="groundwork may make no database to drill in")
        with refused, scratch.database(conninfo_to_dict(server.url())):
            pass


def test_the_programs_are_not_older_than_the_server(monkeypatch):
    with psycopg.connect(**parameters(entry())) as served:
        assert clients.find("pg_dump", served).name == "pg_dump"
        monkeypatch.setattr(clients, "_major", lambda _program: 14)
        with pytest.raises(
            CommandError, match=r"pg_dump of PostgreSQL \d+ or newer is needed, .*14"
        ):
            clients.find("pg_dump", served)


@pytest.mark.parametrize("name", ["a" * 63, "é" * 31, "groundwork"])
def test_a_drill_has_a_name_that_is_not_cut_off(name):
    assert len(f"{scratch.beginning(name)}12345678".encode()) <= 63
    assert scratch.beginning("shop") == "shop_drill_"
