"""What a clone's embedded PostgreSQL is: one that runs for the whole file."""

import socket
import stat

import psycopg
import pytest

from config.tests.clone import AS_ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clone(used_clone):
    with used_clone.user("test"), used_clone.user("development"):
        yield used_clone


def test_development_and_tests_have_servers_of_their_own(clone):
    with clone.connect("development") as connection:
        connection.execute("CREATE TABLE rows AS SELECT 1 AS id")
    assert clone.settings("test")["port"] != clone.settings("development")["port"]
    assert clone.ask("SELECT to_regclass('rows')", "test") is None


def test_is_the_same_major_version_as_production(clone):
    assert clone.ask("SHOW server_version").startswith("18.")


def test_listens_on_the_loopback_address_alone(clone):
    port = clone.settings()["port"]
    socket.create_connection(("127.0.0.1", port)).close()
    with pytest.raises((ConnectionError, TimeoutError)):
        socket.create_connection(("127.0.0.2", port), timeout=1)
    *_, socket_folder, address, _shared_memory, _status = clone.pid_file()
    assert (socket_folder, address) == ("", "127.0.0.1")


def test_refuses_a_wrong_password(clone):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        clone.connect(password="wrong")


def test_passwords_are_kept_as_scram_secrets(clone):
    assert clone.ask("SHOW password_encryption") == "scram-sha-256"
    rules = (clone.data() / "pg_hba.conf").read_text().split("\n")
    assert rules == ["host all groundwork 127.0.0.1/32 scram-sha-256", ""]


@pytest.mark.parametrize("password", ["", "postgres", None])
def test_nobody_signs_in_as_the_superuser(clone, password):
    password = clone.settings()["password"] if password is None else password
    with pytest.raises(psycopg.OperationalError, match="no pg_hba"):
        clone.connect(user="postgres", password=password)


def test_each_server_has_a_random_password(clone):
    passwords = {clone.settings(purpose)["password"] for purpose in ("test", "development")}
    assert {len(password) for password in passwords} == {32}
    assert len(passwords) == 2


def test_password_and_data_are_for_their_owner_alone(clone):
    folder = clone.folder / ".postgres" / "test"
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes.pop(folder / "server.json") == 0o600
    assert modes.pop(folder / "data", 0o700) == 0o700
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(clone.data().stat().st_mode) == 0o700


def test_role_is_no_superuser_and_not_above_row_level_security(clone):
    rights = "rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication"
    assert not clone.ask(f"SELECT {rights} FROM pg_roles WHERE rolname = current_user")


def test_role_owns_its_database(clone):
    owner = "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'groundwork'"
    assert clone.ask(owner) == "groundwork"
    with clone.connect() as connection:
        connection.execute("CREATE TABLE public.mine AS SELECT 1 AS id")


def test_role_may_create_databases(clone):
    with clone.connect() as connection:
        connection.execute("CREATE DATABASE another")
        connection.execute("DROP DATABASE another")


def test_knows_letters_beyond_ascii(clone):
    assert clone.ask("SELECT lower('ÉÀ')") == "éà"
    assert clone.ask("SHOW server_encoding") == "UTF8"


@pytest.mark.parametrize("durability", ["fsync", "synchronous_commit", "full_page_writes"])
def test_durability_is_on_in_development_and_off_in_tests(clone, durability):
    assert clone.ask(f"SHOW {durability}", "development") == "on"
    assert clone.ask(f"SHOW {durability}", "test") == "off"


def test_failing_statement_stays_out_of_the_log(clone):
    with pytest.raises(psycopg.errors.UndefinedTable):
        clone.ask("SELECT 'a-session-key' FROM nowhere")
    assert "a-session-key" not in (clone.data() / "server.log").read_text()


def test_port_is_none_that_outgoing_connections_borrow(clone):
    assert 20_000 <= clone.settings()["port"] < 32_000


def test_server_is_not_root(clone):
    assert clone.data().owner() != "root"
    assert (clone.data().owner() == "nobody") == AS_ROOT
