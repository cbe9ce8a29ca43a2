"""What is asked before anything is destroyed: where, on whose machine, who else, and really?"""

import io
from types import SimpleNamespace

import psycopg
import pytest
from django.core.management.base import CommandError, OutputWrapper
from django.db import connection

from config.database import guards
from config.database.target import Target, parameters
from config.database.verbs.reset import Reset

HERE = Target("development", "127.0.0.1", "5432", "groundwork")


@pytest.mark.parametrize("environment", ["development", "test"])
@pytest.mark.parametrize("host", ["127.0.0.1", "/run/postgresql", "::1,127.0.0.1"])
def test_development_and_tests_on_this_machine_may_be_destroyed(environment, host):
    guards.only_disposable(Target(environment, host, "5432", "groundwork"))


@pytest.mark.parametrize("environment", ["staging", "production", "Development", ""])
def test_no_other_environment_may_be_destroyed(environment):
    with pytest.raises(CommandError, match=f"ENVIRONMENT is {environment}: it is for development"):
        guards.only_disposable(Target(environment, "127.0.0.1", "5432", "groundwork"))


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1,10.0.0.1", "127.0.0.1.evil.invalid"])
def test_nothing_on_another_machine_may_be_destroyed(host):
    with pytest.raises(CommandError, match="is not this machine alone"):
        guards.only_disposable(Target("development", host, "5432", "groundwork"))


@pytest.mark.parametrize(
    ("address", "host", "allowed"),
    [
        ("127.0.0.1", "db.example.com", True),
        ("", "/run/postgresql", True),
        ("10.0.0.1", "localhost", False),
        ("10.0.0.1", "/run/postgresql", False),
        ("", "", False),
    ],
)
def test_the_open_connection_has_to_have_reached_this_machine(address, host, allowed):
    open_one = SimpleNamespace(info=SimpleNamespace(hostaddr=address, host=host))
    if allowed:
        guards.only_here(open_one)
    else:
        with pytest.raises(CommandError, match="the connection leads to"):
            guards.only_here(open_one)


def test_others_who_are_connected_are_named(db):
    given = parameters(connection.settings_dict)
    with (
        psycopg.connect(**given | {"application_name": "looking at rows"}) as other,
        psycopg.connect(**given | {"dbname": "postgres"}) as ours,
    ):
        process = other.info.backend_pid
        with pytest.raises(CommandError) as refused:
            guards.nobody_else(ours, given["dbname"])
    first, *sessions = str(refused.value).splitlines()
    assert first == f"Others are connected to {given['dbname']}; end them first:"
    start = f"  looking at rows, as groundwork, process {process}, since 2"
    assert any(line.startswith(start) for line in sessions)


@pytest.mark.parametrize(
    ("application", "advice"),
    [
        ("groundwork-development-dev", "Ctrl-C in the terminal of ./bin/dev ends what it runs."),
        ("groundwork-production-worker", "The worker is running: stop it for as long as"),
    ],
)
def test_how_to_end_the_projects_own_is_said(db, application, advice):
    given = parameters(connection.settings_dict)
    with (
        psycopg.connect(**given | {"application_name": application}),
        psycopg.connect(**given | {"dbname": "postgres"}) as ours,
        pytest.raises(CommandError, match=f"\n{advice}"),
    ):
        guards.nobody_else(ours, given["dbname"])


def test_ones_own_connection_and_those_to_other_databases_are_not_others(db):
    given = parameters(connection.settings_dict)
    with psycopg.connect(**given | {"dbname": "postgres"}) as ours:
        guards.nobody_else(ours, "template1")


def test_autovacuum_is_nobody_who_is_connected(db):
    """As PostgreSQL shows one to who is no superuser: without a kind, a name and a role."""
    shown = "pid + 1 AS pid, datname, '' AS application_name, backend_start"
    with psycopg.connect(**parameters(connection.settings_dict)) as ours:
        ours.execute(
            f"CREATE TEMPORARY VIEW pg_stat_activity AS SELECT {shown}, NULL::oid AS usesysid, "
            "NULL::name AS usename, NULL::text AS backend_type FROM pg_catalog.pg_stat_activity"
        )
        ours.execute("SET search_path = pg_temp, pg_catalog")
        guards.nobody_else(ours, ours.info.dbname)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def ask(monkeypatch, stdin, *, force=False):
    monkeypatch.setattr("sys.stdin", stdin)
    said = io.StringIO()
    Reset(HERE, OutputWrapper(io.StringIO()), OutputWrapper(said)).ask([], force=force)
    return said.getvalue()


def test_the_name_of_the_database_is_asked_for(monkeypatch):
    said = ask(monkeypatch, Terminal("groundwork\n"))
    assert said == "Every row of groundwork is lost for good.\nType groundwork to go on: "


@pytest.mark.parametrize(
    "typed",
    ["y\n", "yes\n", "Groundwork\n", "\n", "", "groundwor\n", "groundwork2\n", " groundwork\n"],
)
def test_nothing_but_its_name_is_taken(monkeypatch, typed):
    with pytest.raises(CommandError, match=r"not its name\. Nothing was changed"):
        ask(monkeypatch, Terminal(typed))


def test_without_a_terminal_nothing_is_taken_for_an_answer(monkeypatch):
    with pytest.raises(CommandError, match="say --force if you mean it"):
        ask(monkeypatch, io.StringIO("groundwork\n"))


def test_force_is_an_answer(monkeypatch):
    assert ask(monkeypatch, io.StringIO(), force=True) == ""
