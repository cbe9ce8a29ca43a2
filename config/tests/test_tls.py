"""Whom the site talks to when its database is elsewhere: who proves the name by a certificate.

The servers that speak TLS here are PgBouncers. They listen on the loopback interface, so a name
that is not local comes with its address.
"""

import re
from pathlib import Path

import pytest
from django.core.management import CommandError
from psycopg.conninfo import conninfo_to_dict

from config.database import from_url, tls
from config.database.patient.base import DatabaseClient
from config.database.target import in_use
from config.env import SettingError
from config.tests.certificates import Authority
from config.tests.processes import PRODUCTION, run
from config.tests.servers import Bouncer, Server

HOST = "db.example.com"
AWAY = f"postgres://ann:s3cret@{HOST}/shop"
ASK = "import config.wsgi; from django.db import connection; connection.ensure_connection()"
WEAKER = ("disable", "allow", "prefer", "require", "verify-ca")


def options(url, **demands):
    return from_url(url, environment="production", demands=tls.Demands(**demands))["OPTIONS"]


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_a_host_elsewhere_has_to_prove_its_name(load_settings, environment):
    given = {"DATABASE_URL": AWAY, "DATABASE_DIRECT_URL": AWAY}
    settings = load_settings(**PRODUCTION | {"ENVIRONMENT": environment, **given})
    for entry in (settings["DATABASES"]["default"], settings["DATABASE_DIRECT"]):
        asked = entry["OPTIONS"]
        assert (asked["sslmode"], asked["gssencmode"]) == ("verify-full", "disable")
        assert "BEGIN CERTIFICATE" in Path(asked["sslrootcert"]).read_text()


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "%2Frun%2Fpostgresql", ""]
)
def test_this_machine_has_nothing_to_prove(host):
    assert "sslmode" not in options(f"postgres://{host}/shop")


@pytest.mark.parametrize(
    "url",
    [
        "postgres://10.0.0.5/shop",
        "postgres://localhost.example.com/shop",
        "postgres://127.0.0.1.example.com/shop",
        "postgres://127.0.0.1,db.example.com/shop",
        "postgres:///shop?host=db.example.com",
        "postgres:///shop?hostaddr=10.0.0.5",
        "postgres://127.0.0.1/shop?hostaddr=10.0.0.5",
        "postgres://db.example.com/shop?hostaddr=127.0.0.1",
        "postgres://[::ffff:10.0.0.5]/shop",
        f"{AWAY}?sslmode=verify-full",
        f"{AWAY}?sslrootcert=system",
    ],
)
def test_what_may_lead_elsewhere_is_no_local_host(url):
    assert options(url)["sslmode"] == "verify-full"


@pytest.mark.parametrize("mode", WEAKER)
def test_a_url_that_asks_for_less_is_refused(mode):
    with pytest.raises(SettingError) as refusal:
        options(f"{AWAY}?sslmode={mode}")
    assert re.search(f"sslmode={mode},.*{HOST}.*DATABASE_CA", str(refusal.value))
    assert "s3cret" not in str(refusal.value)


def test_variables_and_service_files_that_ask_for_less_are_refused(monkeypatch, tmp_path):
    services = tmp_path / "pg_service.conf"
    services.write_text(f"[shop]\nhost={HOST}\ndbname=shop\nsslmode=require\n")
    with monkeypatch.context() as patch:
        patch.setenv("PGSERVICEFILE", str(services))
        for url in ("postgres://?service=shop", "postgres:///shop?service=shop"):
            with pytest.raises(SettingError, match="sslmode=require"):
                options(url)
        patch.setenv("PGSERVICE", "shop")
        with pytest.raises(SettingError, match="sslmode=require"):
            options("postgres:///shop")
    monkeypatch.setenv("PGSSLMODE", "disable")
    with pytest.raises(SettingError, match="sslmode=disable"):
        options(AWAY)
    monkeypatch.setenv("PGHOST", HOST)
    with pytest.raises(SettingError, match=HOST):
        options("postgres:///shop")


def test_dbshell_asks_for_as_much_whatever_a_service_file_says(monkeypatch, tmp_path):
    services = tmp_path / "pg_service.conf"
    services.write_text(f"[shop]\nhost={HOST}\nhostaddr=192.0.2.1\nsslmode=prefer\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    url = "postgres://ann:s3cret@/shop?service=shop"
    entry = from_url(url, environment="production", demands=tls.Demands())
    command, environment = DatabaseClient.settings_to_cmd_args_env(entry, ["--csv"])
    told = in_use(conninfo_to_dict(command[1].removeprefix("--dbname=")))
    assert (told["sslmode"], told["gssencmode"]) == ("verify-full", "disable")
    assert (told["host"], told["hostaddr"], told["dbname"]) == (HOST, "192.0.2.1", "shop")
    assert (command[2:], environment) == (["--csv"], {"PGPASSWORD": "s3cret"})
    assert "s3cret" not in command[1]


def test_a_host_of_a_private_network_may_go_without_and_no_other():
    private = ("database", "pooler")
    assert "sslmode" not in options("postgres://database,pooler/shop", private=private)
    assert (
        options("postgres://pooler/shop?sslmode=require", private=private)["sslmode"] == "require"
    )
    for url in ("postgres://database,db.example.com/shop", "postgres://database.example.com/shop"):
        assert options(url, private=private)["sslmode"] == "verify-full"


def test_a_laptop_may_look_at_a_server_without_a_certificate(load_settings, tmp_path):
    """But not once it was told which authority to trust."""
    laptop = {"ENVIRONMENT": "development", "DATABASE_URL": f"{AWAY}?sslmode=require"}
    loaded = load_settings(**laptop)["DATABASES"]["default"]["OPTIONS"]
    assert loaded["sslmode"] == "require"
    (tmp_path / "ca.pem").write_bytes(Authority().pem)
    with pytest.raises(SettingError, match="sslmode=require"):
        load_settings(**laptop, DATABASE_CA=str(tmp_path / "ca.pem"))


def test_a_file_of_authorities_has_to_be_there():
    with pytest.raises(SettingError, match=r"^DATABASE_CA is '/none.pem'"):
        options(AWAY, authorities="/none.pem")


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def server():
    with Server() as server:
        yield server


@pytest.fixture
def file(authority, tmp_path):
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    return str(tmp_path / "ca.pem")


@pytest.fixture
def ask(server, ping):
    """Return a function that pings a server with this certificate, and returns what is said."""

    def ask(certificate, authorities):
        as_a_server = {"mode": "session", "ignore_startup_parameters": "options"}
        with Bouncer(server, tls=certificate, **as_a_server) as bouncer:
            url = bouncer.url(host=HOST, hostaddr="127.0.0.1")
            return ping(url, demands=tls.Demands(authorities))

    return ask


@pytest.mark.slow
def test_the_right_certificate_is_taken(ask, authority, file):
    said = ask(authority.certificate(HOST), file)
    assert "TLS up to the pooler; certificate and name verified" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (lambda trusted: Authority("Another").certificate(HOST), "verify failed.*set DATABASE_CA"),
        (lambda trusted: trusted.certificate(HOST, expired=True), "verify failed.*has expired"),
        (lambda trusted: trusted.certificate("db.example.org"), "does not match host name"),
        (lambda trusted: None, "does not support SSL.*Let it speak TLS"),
    ],
    ids=["of another authority", "expired", "of another name", "none"],
)
def test_any_other_is_turned_down_in_one_sentence(ask, authority, file, certificate, reason):
    with pytest.raises(CommandError, match=f"^The database cannot be reached: .*{reason}"):
        ask(certificate(authority), file)


@pytest.mark.slow
def test_an_authority_that_nobody_named_is_not_the_systems(ask, authority):
    with pytest.raises(CommandError, match="verify failed"):
        ask(authority.certificate(HOST), "")


@pytest.mark.slow
def test_authorities_of_the_system_are_found(ask, authority, file, monkeypatch):
    """By the variable that names them; psycopg's own OpenSSL looks where no system has any."""
    monkeypatch.setenv("SSL_CERT_FILE", file)
    assert "certificate and name verified" in ask(authority.certificate(HOST), "")


@pytest.mark.slow
def test_a_refusal_shows_no_password(authority, server, file):
    """The whole way, with all that a traceback has: of the command, and of the site's own pool."""
    with Bouncer(server, tls=authority.certificate("db.example.org")) as bouncer:
        url = bouncer.url(host=HOST, hostaddr="127.0.0.1")
        variables = PRODUCTION | {"DATABASE_URL": url, "DATABASE_CA": file}
        ping = run("manage.py", "db", "--traceback", "ping", **variables)
        pool = run("-c", ASK, **variables, DATABASE_WAIT_SECONDS="1")
    for process in (ping, pool):
        assert process.returncode == 1
        assert "does not match host name" in process.stderr
        assert bouncer.password not in process.stdout + process.stderr
