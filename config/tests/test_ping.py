"""manage.py db ping: what it says of a database that answers, and of one that does not.

Over TLS: test_tls.py. Behind a pooler: test_pooler.py.
"""

from io import StringIO
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg import connect

from config.database import reaching, vitals

SECRET = "s3cret"


@pytest.fixture
def url(db):
    """Return a function that makes the URL of the tests' database, with something changed."""

    def url(query="", **changes):
        entry = {key: str(connection.settings_dict[key]) for key in ("USER", "PASSWORD", "NAME")}
        entry |= {key: str(connection.settings_dict[key]) for key in ("HOST", "PORT")} | changes
        return "postgres://{USER}:{0}@{HOST}:{PORT}/{NAME}{1}".format(
            quote(entry["PASSWORD"]), query, **entry
        )

    return url


def test_it_says_who_answers_and_how(ping, url):
    _target, server, times, tls, pool, sessions = ping(url()).splitlines()
    assert server.startswith(f"PostgreSQL {connection.pg_version // 10_000}.")
    assert server.endswith(", takes writes")
    assert " ms, the median of 20; to connect took " in times
    assert tls == "not encrypted"
    assert pool.startswith("pool: up to 16 connections a process, which a request waits 5 s for;")
    assert " connections are in use" in sessions


@pytest.mark.parametrize(
    ("mode", "proved"),
    [
        (b"verify-full", "certificate and name verified"),
        (b"verify-ca", "certificate verified, but not the name"),
        (b"require", "certificate not verified"),
    ],
)
def test_it_says_which_tls_it_is_and_what_was_proved(mode, proved):
    """The server of the tests speaks none."""
    option = SimpleNamespace(keyword=b"sslmode", val=mode)
    served = SimpleNamespace(
        pgconn=SimpleNamespace(ssl_in_use=True, info=[option]),
        execute=lambda _: SimpleNamespace(fetchone=lambda: ("TLSv1.3", "TLS_AES_256_GCM_SHA384")),
    )
    assert vitals.encryption(served) == f"TLSv1.3, TLS_AES_256_GCM_SHA384; {proved}"


def test_it_names_who_holds_connections(ping, url):
    names = ("shop-web", "shop-web", "shop-worker")
    held = [connect(url(), application_name=name) for name in names]
    said = ping(url()).splitlines()[-1]
    for session in held:
        session.close()
    assert "shop-web 2" in said
    assert "shop-worker 1" in said


def test_it_says_that_nothing_can_be_written(ping, url):
    read_only = url("?options=-c%20default_transaction_read_only%3Don")
    assert ping(read_only).splitlines()[1].endswith(", read-only")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"PORT": "1"}, "Connection refused"),
        ({"NAME": "nowhere"}, 'database "nowhere" does not exist'),
        ({"USER": "nobody", "PASSWORD": SECRET}, "nobody"),
        ({"PASSWORD": SECRET}, "password authentication failed"),
    ],
)
def test_who_is_not_let_in_reads_why_in_one_sentence(ping, url, change, reason):
    with pytest.raises(CommandError, match=rf"^The database cannot be reached: .*{reason}") as told:
        ping(url(**change))
    assert "\n" not in str(told.value)
    assert SECRET not in str(told.value)
    assert connection.settings_dict["PASSWORD"] not in str(told.value)
    assert told.value.returncode == 1


@pytest.mark.parametrize("verb", ["check", "plan", "export"])
def test_other_verbs_say_so_too_and_do_not_wait_for_the_pool(db, verb, monkeypatch):
    away = connection.get_connection_params() | {"dbname": "not_there"}
    wrapper = SimpleNamespace(get_connection_params=lambda: away)
    monkeypatch.setattr(reaching, "connection", wrapper)
    with pytest.raises(
        CommandError, match=r'"not_there" does not exist\. manage.py db setup makes'
    ):
        call_command("db", verb, stdout=StringIO())
