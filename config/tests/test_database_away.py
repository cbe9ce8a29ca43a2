"""What still works, and how the rest fails, while nobody listens where the database should be."""

import json

import pytest

from config.tests.processes import PRODUCTION, run

pytestmark = pytest.mark.slow

# One process asks for all of them; having asked for the first, it knows that the database is away.
ASK = """
import json, sys, time
import config.wsgi
from django.conf import settings
from django.test import Client

from config.serving import health

settings.DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = 60
health.TIMEOUT = 0.2
for method, path, session in json.loads(sys.argv[1]):
    client = Client(raise_request_exception=False)
    if session:
        client.cookies.load(f"session={session}")
    started = time.perf_counter()
    data = {"email": "ann@example.com"}
    response = client.generic(method, path, json.dumps(data), "application/json")
    seconds = time.perf_counter() - started
    headers = dict(response.headers) | {"Set-Cookie": response.cookies.output()}
    print(json.dumps([response.status_code, response.text, headers, seconds]))
"""
SESSION = "a-session-of-yesterday"
ACTING = f"{SESSION}; impersonation=of-somebody"
REQUESTS = [
    ("GET", "/health/ready", ""),
    ("GET", "/", ""),
    ("GET", "/waitlist/", ""),
    ("GET", "/accounts/login/", ""),
    ("GET", "/", SESSION),
    ("GET", "/accounts/login/", SESSION),
    ("GET", "/waitlist/", SESSION),
    ("GET", "/", ACTING),
    ("GET", "/organizations/", ACTING),
    ("POST", "/accounts/login/", SESSION),
    ("GET", "/organizations/", SESSION),
    ("GET", "/health/live", ""),
    ("GET", "/o/acme/", SESSION),
    ("POST", "/api/waitlist", ""),
]


@pytest.fixture(scope="module")
def process():
    variables = PRODUCTION | {"ENVIRONMENT": "test", "ALLOWED_HOSTS": "testserver"}
    return run("-c", ASK, json.dumps(REQUESTS), **variables)


@pytest.fixture
def answers(process):
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    asked = [" ".join(request).strip() for request in REQUESTS]
    return dict(zip(asked, lines, strict=True))


@pytest.mark.parametrize("path", ["/", "/waitlist/", "/accounts/login/", "/health/live"])
def test_visitors_still_see_the_public_pages(answers, path):
    assert answers[f"GET {path}"][0] == 200


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/waitlist/"])
def test_so_does_who_may_be_signed_in_and_stays_it(answers, path):
    status, text, headers, _ = answers[f"GET {path} {SESSION}"]
    assert status == 200
    assert "session=" not in headers["Set-Cookie"]
    if path != "/waitlist/":  # which asks nobody who they are
        assert "we cannot tell whether you are signed in" in text
        assert "no-store" in headers["Cache-Control"]


def test_so_do_staff_who_may_act_as_somebody_and_go_on_acting(answers):
    status, text, headers, _ = answers[f"GET / {ACTING}"]
    assert status == 200
    assert "we cannot tell whether you are signed in" in text
    assert "no-store" in headers["Cache-Control"]
    assert not headers["Set-Cookie"]
    assert answers[f"GET /organizations/ {ACTING}"][0] == 503


def test_nobody_is_led_to_sign_in_again(answers):
    assert answers[f"GET /organizations/ {SESSION}"][0] == 503
    assert answers[f"POST /accounts/login/ {SESSION}"][0] == 503


def test_ready_says_no_soon_and_without_details(answers):
    status, text, _, seconds = answers["GET /health/ready"]
    assert (status, text) == (503, "unavailable")
    assert seconds < 30  # before the pool would have given up


def test_a_page_whose_middleware_needs_rows_says_when_to_come_back(answers):
    status, text, headers, _ = answers[f"GET /o/acme/ {SESSION}"]
    assert status == 503
    assert headers["Retry-After"] == "30"
    assert "We will be back in a moment" in text


def test_the_api_says_so_in_json(answers):
    status, text, headers, _ = answers["POST /api/waitlist"]
    assert status == 503
    assert headers["Retry-After"] == "30"
    assert json.loads(text)["error"]["code"] == "unavailable"


def test_the_log_has_the_cause(process):
    assert "Not ready: the server does not answer" in process.stderr
    assert "No connection to the database: the server does not answer" in process.stderr
    assert "Connection refused" in process.stderr  # the pool's own line, one for each attempt
    assert "Traceback" not in process.stderr
