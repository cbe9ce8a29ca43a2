"""One line a request, with its id and nothing secret in it."""

import io
import json
import logging
import logging.config
import time

import pytest
from django.test import Client
from gunicorn.http.errors import InvalidHeader, InvalidRequestLine, LimitRequestLine

from config import logs

pytestmark = [pytest.mark.urls("config.tests.broken"), pytest.mark.django_db]


@pytest.fixture
def lines():
    """Log as production does; return a function that reads the lines back."""
    configuration = logs.configuration(json=True)
    stream = io.StringIO()
    configuration["handlers"]["stderr"]["stream"] = stream
    logging.config.dictConfig(configuration)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.config.dictConfig(logs.configuration(json=False))


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


def test_one_line_a_request(client, lines):
    response = client.get("/waitlist/?utm=x")
    [line] = lines()
    assert line.pop("time").endswith("+00:00")
    milliseconds = line.pop("milliseconds")
    assert 0 < milliseconds < 5000
    assert line == {
        "level": "INFO",
        "logger": "config.logs",
        "message": f"GET /waitlist/ 200 in {milliseconds} ms",
        "method": "GET",
        "request_id": response.headers["X-Request-ID"],
        "route": "/waitlist/",
        "status": 200,
        "user": None,
    }


def test_line_of_an_address_without_a_view_says_so(client, lines):
    client.get("/nowhere")
    [line] = lines()
    assert line["message"].startswith("GET (no route) 404 in ")
    assert line["route"] is None


def test_line_names_the_person_if_the_session_was_read(client, lines, alice):
    client.force_login(alice)
    client.get("/organizations/")
    assert lines()[-1]["user"] == str(alice.pk)


def test_line_of_a_page_for_everybody_reads_no_session(
    client, lines, alice, django_assert_num_queries
):
    client.force_login(alice)
    with django_assert_num_queries(0):
        client.get("/waitlist/thanks/")
    assert lines()[-1]["user"] is None


def test_each_request_has_an_id_of_its_own(client):
    ids = {client.get("/health/live").headers["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("proxies", "given", "taken"),
    [
        (1, "3f2b-abc_DEF123", True),
        (0, "3f2b-abc_DEF123", False),
        (1, "short", False),
        (1, "x" * 65, False),
        (1, 'a"b<script>12345', False),
        (1, "１２３４５６７８９", False),
    ],
)
def test_only_a_trusted_proxys_clean_id_is_taken(client, settings, proxies, given, taken):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    headers = {"X-Request-ID": given, "X-Forwarded-For": "192.0.2.1"}
    response = client.get("/health/live", headers=headers)
    assert (response.headers["X-Request-ID"] == given) == taken


def test_500_is_logged_once_with_its_traceback_and_request_id(client, lines):
    response = client.get("/broken/bug")
    errors = [line for line in lines() if line["level"] == "ERROR"]
    assert len(errors) == 1
    assert errors[0]["request_id"] == response.headers["X-Request-ID"]
    assert "RuntimeError: a bug" in errors[0]["exc_info"]
    assert "in bug" in errors[0]["exc_info"]


def test_an_unknown_host_is_logged_without_a_traceback(client, lines):
    client.get("/", headers={"Host": "evil.example"})
    [line] = [line for line in lines() if line["logger"] == "django.security.DisallowedHost"]
    assert "evil.example" in line["message"]
    assert "exc_info" not in line


def test_a_database_that_is_away_costs_a_request_one_line_with_the_cause(client, lines):
    response = client.get("/broken/away")
    [line] = lines()
    assert line["level"] == "ERROR"
    assert line["message"].endswith(" ms: The database is away: connection refused")
    assert line["request_id"] == response.headers["X-Request-ID"]
    assert "exc_info" not in line


def test_a_statement_that_took_too_long_is_one_line_with_the_place_in_the_code(client, lines):
    client.get("/broken/slow")
    [line] = lines()
    assert "The database gave a statement up: canceling statement due to" in line["message"]
    assert "in slow" in line["exc_info"]


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequestLine("GET /invitations/s3cr3t now"),
        InvalidHeader("Cookie: session=s3cr3t"),
        LimitRequestLine(5000, 4094),
    ],
)
def test_gunicorns_line_about_a_request_it_cannot_read_quotes_nothing(lines, error):
    logging.getLogger("gunicorn.error").warning(f"Invalid request from ip=192.0.2.1: {error}")
    [line] = lines()
    assert line["message"].startswith("Invalid request from ip=192.0.2.1: ")
    assert "s3cr3t" not in line["message"]
    assert len(line["message"].partition(": ")[2]) > 10


@pytest.mark.parametrize(
    "path",
    [
        "/broken/secret/s3cr3t",
        "/nowhere/s3cr3t",
        "/nowhere?token=s3cr3t",
        "/broken/forbidden?token=s3cr3t",
        "/broken/suspicious?token=s3cr3t",
        "/broken/away?token=s3cr3t",
        "/o/s3cr3t/",
        "/api/s3cr3t",
        "/static/s3cr3t",
        "/s3cr3t%0A{}",
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_path_and_no_query_reaches_a_log(lines, path, method):
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    getattr(client, method)(path)
    assert lines() or path.startswith("/static/")
    assert "s3cr3t" not in json.dumps(lines())


def test_gunicorns_own_line_about_a_failed_request_has_no_path(lines):
    logging.getLogger("gunicorn.error").error("Error handling request %s", "/invitations/s3cr3t/")
    assert lines()[0]["message"] == "Error handling request (path left out)"


def test_the_row_that_postgresql_refused_is_left_out(client, lines):
    client.get("/broken/row")
    [line] = [line for line in lines() if "exc_info" in line]
    assert "UniqueViolation" in line["exc_info"]
    assert "same@testserver" not in line["exc_info"]


def test_other_handlers_get_the_record_as_it_was(lines, caplog):
    logging.getLogger("config").warning("at %s", "/here")
    assert caplog.messages == ["at /here"]


def test_development_reads_as_text():
    configuration = logs.configuration(json=False)
    stream = configuration["handlers"]["stderr"]["stream"] = io.StringIO()
    logging.config.dictConfig(configuration)
    logs.request_id.set("abc")
    logging.getLogger("config").info("Something happened.")
    logs.request_id.set("")
    logging.getLogger("config").info("Nobody asked.")
    logging.config.dictConfig(logs.configuration(json=False))
    assert " INFO Something happened. [abc]\n" in stream.getvalue()
    assert stream.getvalue().endswith(" INFO Nobody asked.\n")
    time.strptime(stream.getvalue()[:8], "%H:%M:%S")
