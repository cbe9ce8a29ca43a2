"""Reaching, making and dropping a database, on a server of the test's own."""

import io
from types import SimpleNamespace

import pytest
from django.core.management.base import CommandError, OutputWrapper

from config import cast
from config.database import guards, making
from config.database.embedded import cluster
from config.database.target import Target
from config.database.verbs import reset
from config.tests.at_once import at_once
from config.tests.processes import run
from config.tests.servers import PASSWORD, Server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server():
    with Server() as server:
        server.ask(f"CREATE ROLE lodger LOGIN PASSWORD '{PASSWORD}'", user="postgres")
        yield server


@pytest.fixture
def given(server):
    """Where the database `mine` is, which has one row."""
    server.ask("CREATE DATABASE mine OWNER groundwork", user="postgres")
    server.ask("CREATE TABLE kept AS SELECT 7 AS id", dbname="mine")
    there = {"host": cluster.HOST, "port": server.port, "user": "groundwork", "dbname": "mine"}
    yield there | {"password": PASSWORD, "connect_timeout": 5}
    server.ask("DROP DATABASE IF EXISTS mine WITH (FORCE)", user="postgres")


def target(given, environment="development"):
    return Target(environment, given["host"], str(given["port"]), given["dbname"])


def refusal(given):
    with pytest.raises(CommandError) as refused:
        making.ensure(target(given), given)
    assert PASSWORD not in str(refused.value)
    return str(refused.value)


def test_a_database_that_is_there_is_left_alone(server, given):
    assert making.ensure(target(given), given) is False
    assert server.ask("SELECT id FROM kept", dbname="mine") == 7


def test_a_missing_database_is_made_and_belongs_to_its_role(server, given):
    missing = given | {"dbname": 'My "Own" base'}
    assert making.ensure(target(missing), missing) is True
    assert making.ensure(target(missing), missing) is False
    owner = "SELECT datdba::regrole::text || pg_encoding_to_char(encoding) FROM pg_database"
    assert server.ask(f"{owner} WHERE datname = 'My \"Own\" base'") == "groundworkUTF8"
    server.ask('DROP DATABASE "My ""Own"" base"')


def test_who_may_not_make_it_reads_the_sql_for_who_may(given):
    missing = given | {"user": "lodger", "dbname": "my own"}
    assert refusal(missing) == (
        "The role lodger may not make databases. Somebody who may can run this once, in psql:\n\n"
        """    CREATE DATABASE "my own" OWNER "lodger" ENCODING 'UTF8';"""
    )


def test_a_server_that_is_not_there_is_said(given):
    assert refusal(given | {"port": 1}) == (
        "There is no way to 127.0.0.1:1 (Connection refused). Is PostgreSQL running there, and is "
        "DATABASE_URL right?"
    )


def test_a_host_that_nobody_knows_is_said(given):
    assert "There is no way to db.invalid:" in refusal(given | {"host": "db.invalid"})


@pytest.mark.parametrize("name", ["mine", "missing"])
def test_a_wrong_password_is_said(given, name):
    said = refusal(given | {"dbname": name, "password": "wrong"})
    assert said.startswith(f"PostgreSQL does not let groundwork into {name} (FATAL:  password auth")
    assert "Look at the user and the password in DATABASE_URL" in said


def test_a_missing_password_is_said(given):
    there = {name: value for name, value in given.items() if name != "password"}
    assert (
        refusal(there) == "PostgreSQL wants a password for groundwork, and DATABASE_URL has none."
    )


def test_a_database_that_lets_nobody_in_is_not_taken_for_a_missing_one(server, given):
    server.ask("ALTER DATABASE mine ALLOW_CONNECTIONS false", user="postgres")
    assert "not currently accepting connections" in refusal(given)


@pytest.fixture
def run_reset(monkeypatch, given):
    """Return a function that resets `mine`, but does not fill it."""
    monkeypatch.setattr(reset, "parameters", lambda _: given)
    monkeypatch.setattr(reset, "prepare", lambda *_, **__: None)

    def run(*, typed=None, environment="development", **changes):
        given.update(changes)
        if typed is not None:
            terminal = SimpleNamespace(isatty=lambda: True, readline=lambda: typed)
            monkeypatch.setattr("sys.stdin", terminal)
        verb = reset.Reset(target(given, environment), *[OutputWrapper(io.StringIO())] * 2)
        verb.run(force=typed is None)

    return run


@pytest.fixture
def is_there(server):
    """Return a function that tells whether the row is where it was."""
    return lambda: server.ask("SELECT count(*) FROM pg_class WHERE relname = 'kept'", dbname="mine")


@pytest.mark.parametrize("environment", ["development", "test"])
@pytest.mark.parametrize("typed", ["mine\n", None])
def test_a_reset_leaves_an_empty_database(server, run_reset, is_there, environment, typed):
    run_reset(typed=typed, environment=environment)
    assert not is_there()


@pytest.fixture
def migrated_in(server):
    """Return a function that has the database say where it was migrated."""

    def mark(*environments):
        rows = ", ".join(f"('{environment}')" for environment in environments)
        table = (
            f"CREATE TABLE config_migrationfile AS SELECT * FROM (VALUES {rows}) AS f(environment)"
        )
        server.ask(table, dbname="mine")

    return mark


def test_a_reset_of_what_may_be_productions_takes_more_than_force(
    run_reset, is_there, migrated_in, monkeypatch
):
    migrated_in("development", "production", "production")
    tunnel = "was migrated in production: .* tunnel leads .* Leave --force out"
    with pytest.raises(CommandError, match=tunnel):
        run_reset()
    assert is_there()
    run_reset(typed="mine\n")
    assert not is_there()


def test_a_reset_by_a_role_that_may_not_look_whose_it_is_takes_more_than_force(
    server, run_reset, is_there, migrated_in
):
    migrated_in("production")
    server.ask(
        f"CREATE ROLE blind LOGIN CREATEDB PASSWORD '{PASSWORD}';"
        "REVOKE CONNECT ON DATABASE mine FROM PUBLIC; ALTER DATABASE mine OWNER TO blind;"
        "REVOKE CONNECT ON DATABASE mine FROM blind; GRANT CONNECT ON DATABASE mine TO groundwork",
        user="postgres",
    )
    with pytest.raises(CommandError, match="Nobody can tell whose database this is"):
        run_reset(user="blind")
    assert is_there()


def test_a_reset_of_what_development_and_tests_made_takes_force(run_reset, is_there, migrated_in):
    migrated_in("development", "test")
    run_reset()
    assert not is_there()


def test_a_reset_makes_a_database_that_is_missing(server, run_reset, is_there):
    server.ask("DROP DATABASE mine")
    run_reset()
    assert not is_there()


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_a_reset_is_refused_elsewhere_even_by_force(run_reset, is_there, environment):
    with pytest.raises(CommandError, match=f"ENVIRONMENT is {environment}"):
        run_reset(environment=environment)
    assert is_there()


def test_a_reset_is_refused_where_one_of_the_hosts_is_far_away(run_reset, is_there):
    with pytest.raises(CommandError, match="is not this machine alone"):
        run_reset(host="127.0.0.1,192.0.2.1")
    assert is_there()


def test_a_reset_is_refused_if_the_connection_led_elsewhere_after_all(
    run_reset, is_there, monkeypatch
):
    monkeypatch.setattr(guards, "is_local", lambda reached: reached != "127.0.0.1")
    with pytest.raises(CommandError, match=r"the connection leads to 127\.0\.0\.1"):
        run_reset()
    assert is_there()


def test_a_reset_is_refused_without_the_name(run_reset, is_there):
    with pytest.raises(CommandError, match="Nothing was changed"):
        run_reset(typed="groundwork\n")
    assert is_there()


def test_a_reset_is_refused_while_somebody_is_connected(server, run_reset, is_there):
    named = {"application_name": "somebody's psql", "user": "postgres"}
    with server.connect(dbname="mine", **named) as other:
        process = other.info.backend_pid
        with pytest.raises(CommandError, match=f"somebody's psql, as postgres, process {process}"):
            run_reset(typed="wrong\n")  # who is refused is not asked first
        assert other.execute("SELECT id FROM kept").fetchone() == (7,)
    assert is_there()


def test_who_connects_between_question_and_answer_is_not_thrown_out(
    server, run_reset, is_there, monkeypatch
):
    came = []

    def ask(*_, **__):
        came.append(server.connect(dbname="mine", application_name="came late"))

    monkeypatch.setattr(reset.Reset, "ask", ask)
    with pytest.raises(CommandError, match="  came late, as groundwork, process"):
        run_reset()
    with came.pop() as other:
        assert other.execute("SELECT id FROM kept").fetchone() == (7,)


def test_a_reset_is_refused_to_who_could_not_make_it_anew(server, run_reset, is_there):
    server.ask("ALTER DATABASE mine OWNER TO lodger", user="postgres")
    with pytest.raises(CommandError, match="lodger may not make databases"):
        run_reset(user="lodger")
    assert is_there()


def test_a_database_of_somebody_else_is_not_dropped(server, run_reset, is_there):
    server.ask("ALTER DATABASE mine OWNER TO lodger", user="postgres")
    with pytest.raises(CommandError, match="PostgreSQL does not drop mine: must be owner"):
        run_reset()
    assert is_there()


def test_ctrl_c_at_the_question_changes_nothing(run_reset, is_there, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(reset.Reset, "ask", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_reset()
    assert is_there()


def test_a_setup_makes_migrates_and_seeds_and_a_reset_does_so_anew(server):
    """The commands themselves, on a database that is not there."""
    url, people = server.url(name="shop"), "SELECT count(*) FROM accounts_user"

    def db(*command):
        return run("manage.py", "db", *command, ENVIRONMENT="development", DATABASE_URL=url)

    try:
        first = db("setup")
        assert (first.returncode, "Made the database shop" in first.stderr) == (0, True)
        assert first.stdout.startswith(f"development: database shop on 127.0.0.1:{server.port}\n")
        assert server.ask(people, dbname="shop") == len(cast.PEOPLE)
        again = db("setup")
        assert (again.returncode, again.stderr) == (0, "")
        server.ask("UPDATE accounts_user SET name = 'Somebody'", dbname="shop")
        asked = db("reset")
        assert (asked.returncode, "say --force if you mean it" in asked.stderr) == (1, True)
        changed = f"{people} WHERE name = 'Somebody'"
        assert server.ask(changed, dbname="shop") == len(cast.PEOPLE)
        assert db("reset", "--force").returncode == 0
        assert server.ask(changed, dbname="shop") == 0
        assert server.ask(people, dbname="shop") == len(cast.PEOPLE)
    finally:
        server.ask("DROP DATABASE IF EXISTS shop WITH (FORCE)")


def test_ten_who_make_one_database_at_once_all_have_it(server, given):
    missing = given | {"dbname": "fresh"}
    try:
        made = at_once(*[lambda: making.ensure(target(missing), missing)] * 10)
        assert set(made) <= {True, False}
        assert True in made
    finally:
        server.ask("DROP DATABASE fresh WITH (FORCE)")
