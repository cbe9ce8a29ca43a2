"""PostgreSQL's programs connect as the site does, and show nobody its password."""

import subprocess
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError

from config.database import clients
from config.tests.certificates import Authority
from config.tests.servers import Bouncer, Server

SITE = {
    "host": "db.example.com",
    "password": "s3cret",
    "sslmode": "verify-full",
    "sslrootcert": "/etc/our authority.pem",
}


def shown_by(program, parameters):
    with clients.running(Path(program), to=parameters, stdout=subprocess.PIPE) as run:
        said = run.output.read().decode()
        run.finish()
    return said


def test_the_sites_tls_is_the_programs_and_its_password_on_no_command_line():
    said = shown_by("/bin/echo", SITE)
    assert "sslmode=verify-full sslrootcert='/etc/our authority.pem'" in said
    assert "--no-password" in said
    assert "s3cret" not in said


def test_the_password_is_in_the_environment_of_the_program_and_no_other_secret(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "of the site")
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    program = "/bin/sh"
    monkeypatch.setattr(clients, "make_conninfo", lambda **_shown: "")
    with clients.running(Path(program), "-c", "env", to=SITE, stdout=subprocess.PIPE) as run:
        said = run.output.read().decode()
    assert "PGPASSWORD=s3cret\n" in said
    assert "PGSSLMODE=verify-full\n" in said
    assert "of the site" not in said


def test_a_secret_that_only_a_command_line_takes_is_refused():
    with pytest.raises(CommandError, match="DATABASE_URL has sslpassword, which"):
        shown_by("/bin/echo", SITE | {"sslpassword": "s3cret, too"})


def test_a_program_that_fails_is_told_in_its_own_words():
    script = "echo 'pg_dump: error: no room' >&2; exit 1"
    with (
        pytest.raises(CommandError, match=r"^sh could not go on: no room\.$"),
        clients.running(Path("/bin/sh"), "-c", script) as run,
    ):
        run.finish()


@pytest.mark.slow
def test_where_the_site_speaks_tls_a_program_that_does_not_is_not_taken(tmp_path, monkeypatch):
    authority = Authority()
    (tmp_path / "authority.pem").write_bytes(authority.pem)
    query = {"sslmode": "verify-full", "sslrootcert": tmp_path / "authority.pem"}
    certificate = authority.certificate("localhost")
    with Server() as server, Bouncer(server, mode="session", tls=certificate) as bouncer:
        monkeypatch.setenv("PATH", str(tmp_path))
        with server.connect() as plain:
            assert clients.find("pg_dump", plain).name == "pg_dump"
        refused = pytest.raises(CommandError, match="the one from the Python package speaks no TLS")
        with psycopg.connect(bouncer.url(host="localhost", **query)) as encrypted, refused:
            clients.find("pg_dump", encrypted)
