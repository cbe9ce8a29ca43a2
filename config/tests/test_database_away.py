"""What still works, and how the rest fails, while nobody listens where the database should be."""

import json

import psycopg
import pytest
from django.db import connection
from psycopg_pool.base import AttemptWithBackoff

from config import database
from config.tests.processes import PRODUCTION, run

pytestmark = pytest.mark.slow

# One process asks for all of them, and is less patient than usual.
ASK = """
import json, sys, time
import config.wsgi
from django.conf import settings
from django.test import Client

from config import health

settings.DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = 1.5
health.TIMEOUT = 0.2
for method, path, session in json.loads(sys.argv[1]):
    client = Client(raise_request_exception=False)
    if session:
        client.cookies["session"] = session
    started = time.perf_counter()
    data = {"email": "ann@example.com"}
    response = client.generic(method, path, json.dumps(data), "application/json")
    seconds = time.perf_counter() - started
    print(json.dumps([response.status_code, response.text, dict(response.headers), seconds]))
"""
REQUESTS = [
    ("GET", "/", ""),
    ("GET", "/waitlist/", ""),
    ("GET", "/accounts/login/", ""),
    ("GET", "/health/live", ""),
    ("GET", "/health/ready", ""),
    ("GET", "/o/acme/", "a-session-of-yesterday"),
    ("POST", "/api/waitlist", ""),
]


@pytest.fixture(scope="module")
def process():
    variables = PRODUCTION | {"ENVIRONMENT": "test", "ALLOWED_HOSTS": "testserver"}
    return run("-c", ASK, json.dumps(REQUESTS), **variables)


@pytest.fixture
def answers(process):
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    return {path: line for (_, path, _), line in zip(REQUESTS, lines, strict=True)}


@pytest.mark.parametrize("path", ["/", "/waitlist/", "/accounts/login/", "/health/live"])
def test_visitors_still_see_the_public_pages(answers, path):
    assert answers[path][0] == 200


def test_ready_says_no_soon_and_without_details(answers):
    status, text, _, seconds = answers["/health/ready"]
    assert (status, text) == (503, "unavailable")
    assert seconds < 1.2


def test_a_page_whose_middleware_needs_rows_says_when_to_come_back(answers):
    status, text, headers, _ = answers["/o/acme/"]
    assert status == 503
    assert headers["Retry-After"] == "30"
    assert "We will be back in a moment" in text


def test_the_api_says_so_in_json(answers):
    status, text, headers, _ = answers["/api/waitlist"]
    assert status == 503
    assert headers["Retry-After"] == "30"
    assert json.loads(text)["error"]["code"] == "unavailable"


def test_the_log_has_the_cause(process):
    assert "Not ready: couldn't get a connection" in process.stderr
    assert "The database is away." in process.stderr
    assert "OperationalError" in process.stderr


def test_nothing_stays_on_a_connection_that_a_pooler_lends_for_a_transaction():
    options = {"environment": "production", "pool_size": 4}
    alone = database.from_url("postgres://here", **options)
    pooled = database.from_url("postgres://pooler", **options, transaction_pooling=True)
    for entry, threshold in ((alone, 5), (pooled, None)):
        assert entry["OPTIONS"]["prepare_threshold"] == threshold
        assert entry["DISABLE_SERVER_SIDE_CURSORS"] == (entry is pooled)


def test_the_pool_tries_again_every_two_seconds_however_long_the_database_was_away():
    entry = database.from_url("postgres://away", environment="production", pool_size=4)
    pool = entry["OPTIONS"]["pool"]
    attempt = AttemptWithBackoff(timeout=pool.get("reconnect_timeout", 300))
    pauses, now = [], 1000.0
    while not attempt.time_to_give_up(now):  # then the next request makes it try at once
        attempt.update_delay(now)
        pauses.append(attempt.delay)
        now += attempt.delay
    assert max(pauses) < 2.5
    assert now - 1000 >= pool["timeout"]  # whoever waits has somebody trying


def test_no_statement_of_a_request_takes_for_ever(db):
    shown = "import config.wsgi; from django.db import connection as c; print(c.settings_dict)"
    assert "-c statement_timeout=30s" in run("-c", shown, **PRODUCTION).stdout
    entry = {"OPTIONS": {"prepare_threshold": 5}}
    database.limit_statements(entry)
    with psycopg.connect(**connection.get_connection_params() | entry["OPTIONS"]) as served:
        assert served.execute("SHOW statement_timeout").fetchone() == ("30s",)


def test_a_pooler_is_asked_for_no_limit_and_an_own_one_stays():
    options = {"environment": "production", "pool_size": 4}
    pooled = database.from_url("postgres://pooler", **options, transaction_pooling=True)
    own = database.from_url("postgres://here/x?options=-c%20statement_timeout%3D9s", **options)
    for entry in (pooled, own):
        database.limit_statements(entry)
    assert "options" not in pooled["OPTIONS"]
    assert own["OPTIONS"]["options"] == "-c statement_timeout=9s"
