"""What DATABASE_URL and its neighbors become: the parameters that Django connects with."""

import pytest
from django.db import connection
from psycopg_pool.base import AttemptWithBackoff

from config import database
from config.env import SettingError
from config.tests.processes import PRODUCTION, printed_by

URL = "postgres://ann:p%40ss@127.0.0.1:5433/shop"


@pytest.fixture
def load(load_settings):
    """Return a function that gives the database of the settings with these variables."""
    return lambda **variables: load_settings(**PRODUCTION | variables)["DATABASES"]["default"]


def from_url(url, **options):
    return database.from_url(url, environment="production", **options)


def test_a_url_is_read_as_libpq_reads_it():
    entry = from_url(f"{URL}?application_name=mine&connect_timeout=3&target_session_attrs=any")
    asked = {key: entry[key] for key in ("HOST", "PORT", "NAME", "USER", "PASSWORD")}
    assert list(asked.values()) == ["127.0.0.1", "5433", "shop", "ann", "p@ss"]
    for name, value in (("application_name", "mine"), ("connect_timeout", "3")):
        assert entry["OPTIONS"][name] == value
    assert entry["OPTIONS"]["target_session_attrs"] == "any"


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("postgresql://one:1,two:2/shop", "one,two", "1,2"),
        ("postgres:///shop?host=/run/postgresql", "/run/postgresql", ""),
        ("postgres://%2Frun%2Fpostgresql/shop", "/run/postgresql", ""),
        ("postgres://[::1]:5433/shop", "::1", "5433"),
        ("postgres:///shop", "", ""),
    ],
)
def test_hosts_are_named_in_every_way_that_libpq_knows(url, host, port):
    entry = from_url(url)
    assert (entry["HOST"], entry["PORT"], entry["NAME"]) == (host, port, "shop")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://ann:s3cret@db/shop", "must begin with postgres:// or postgresql://"),
        ("host=db password=s3cret", "must begin with postgres:// or postgresql://"),
        ("postgres://ann:s3cret@db:port/shop", "cannot be read"),
        ("postgres://ann:s3cret@db:0/shop", "cannot be read"),
        ("postgres://ann:s3cret@[db/shop", "cannot be read"),
        ("postgres://ann:s3cret%zz@db/shop", "cannot be read"),
        ("postgres://ann:p@s3cret@db/shop", "cannot be read"),
        ("postgres://ann:s3cret@db/shop?conn_max_age=60", "cannot be read"),
        ("postgres://ann:s3cret@db", "names no database"),
    ],
)
def test_a_url_that_makes_no_sense_is_refused_without_showing_the_password(url, sentence):
    with pytest.raises(SettingError, match=f"^DATABASE_URL .*{sentence}") as refusal:
        from_url(url)
    assert "s3cret" not in str(refusal.value)
    assert refusal.value.__context__ is None


def test_the_pool_is_as_the_settings_say(load):
    standard, changed = (
        load(**variables)["OPTIONS"]
        for variables in (
            {},
            {
                "DATABASE_POOL_SIZE": "4",
                "DATABASE_IDLE_SECONDS": "5",
                "DATABASE_LIFETIME_SECONDS": "600",
                "DATABASE_WAIT_SECONDS": "2",
                "DATABASE_CONNECT_SECONDS": "3",
            },
        )
    )
    names = ("max_size", "max_idle", "max_lifetime", "timeout")
    assert [standard["pool"][name] for name in names] == [16, 30, 3600, 5]
    assert [changed["pool"][name] for name in names] == [4, 5, 600, 2]
    assert (standard["connect_timeout"], changed["connect_timeout"]) == (10, 3)


def test_the_pool_tries_again_every_two_seconds_however_long_the_database_was_away():
    pool = from_url(URL)["OPTIONS"]["pool"]
    attempt = AttemptWithBackoff(timeout=pool.get("reconnect_timeout", 300))
    pauses, now = [], 1000.0
    while not attempt.time_to_give_up(now):  # then the next request makes it try at once
        attempt.update_delay(now)
        pauses.append(attempt.delay)
        now += attempt.delay
    assert max(pauses) < 2.5
    assert now - 1000 >= pool["timeout"]  # whoever waits has somebody trying


@pytest.mark.parametrize(
    ("argv", "kind"),
    [
        (["/usr/bin/gunicorn", "--config", "config/gunicorn.py"], "web"),
        (["/site-packages/gunicorn/__main__.py"], "web"),
        (["manage.py", "runserver", "8000"], "web"),
        (["./manage.py", "deliver_mail", "--once"], "worker"),
        (["manage.py", "migrate"], "migrate"),
        (["manage.py", "db", "reset"], "db-reset"),
        (["manage.py"], "manage"),
    ],
)
def test_postgresql_lists_what_kind_of_process_a_session_is(monkeypatch, argv, kind):
    monkeypatch.setattr("sys.argv", argv)
    assert from_url(URL)["OPTIONS"]["application_name"] == f"groundwork-production-{kind}"


def test_requests_have_limits_and_what_the_url_says_wins(db):
    entry = from_url(f"{URL}?options=-c%20search_path%3Dpublic%20-c%20statement_timeout%3D9s")
    database.for_requests(entry, seconds=30)
    assert shown(entry, "idle_in_transaction_session_timeout") == "30s"
    assert shown(entry, "search_path") == "public"
    assert shown(entry, "statement_timeout") == "9s"


def test_commands_have_none_also_where_variables_or_the_role_say_so(db, monkeypatch):
    monkeypatch.setenv("PGOPTIONS", "-c search_path=public")
    entry = from_url(URL)
    assert shown(entry, "search_path") == "public"
    for name in database.LIMITS:
        assert f"-c {name}=0s" in entry["OPTIONS"]["options"]  # which wins over the role's
        assert shown(entry, name) == "0"


def shown(entry, name):
    """What the tests' server says of a setting to a connection with this entry's options."""
    parameters = connection.get_connection_params() | {"options": entry["OPTIONS"]["options"]}
    with connection.Database.connect(**parameters) as served:
        return served.execute(f"SHOW {name}").fetchone()[0]


@pytest.mark.slow
def test_what_gunicorn_serves_has_them():
    shown = "import config.wsgi; from django.db import connection as c; print(c.settings_dict)"
    printed = printed_by("-c", shown, **PRODUCTION | {"DATABASE_STATEMENT_SECONDS": "12"})
    assert "-c statement_timeout=12s -c idle_in_transaction_session_timeout=12s" in printed


def test_a_pooler_is_given_nothing_that_would_stay_on_its_connections(load):
    entry = load(DATABASE_POOLER="transaction")
    database.for_requests(entry, seconds=30)
    assert entry["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert entry["OPTIONS"]["prepare_threshold"] is None
    assert "options" not in entry["OPTIONS"]  # which PgBouncer refuses
    assert load()["OPTIONS"]["prepare_threshold"] == 5
