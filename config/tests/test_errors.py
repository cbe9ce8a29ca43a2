"""What people and programs see when something cannot be done."""

import re
import secrets
import sys

import pytest
from django.test import Client
from django.views.debug import technical_500_response

SECRET = secrets.token_hex(8)

pytestmark = [pytest.mark.urls("config.tests.broken"), pytest.mark.django_db]


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


PAGES = [
    ("/broken/suspicious", 400, "We could not read that request"),
    ("/broken/gone", 400, "We could not read that request"),
    ("/broken/forbidden", 403, "You may not do this"),
    ("/broken/vanished", 404, "There is no such page"),
    ("/nowhere", 404, "There is no such page"),
    ("/%ff", 404, "There is no such page"),
    ("/%00", 404, "There is no such page"),
    ("/static/%00", 404, "There is no such page"),
    ("/broken/button", 405, "This address is not a page"),
    ("/broken/bug", 500, "Something broke on our side"),
    ("/broken/too-long", 500, "Something broke on our side"),
    ("/broken/away", 503, "We will be back in a moment"),
    ("/broken/read-only", 503, "Nothing can be saved right now"),
    ("/broken/full", 503, "Nothing can be saved right now"),
    ("/broken/slow", 503, "This took too long"),
    ("/broken/idle", 503, "This took too long"),
    ("/broken/undefined", 500, "Something broke on our side"),  # with every migration there is
]


@pytest.mark.parametrize(("path", "status", "title"), PAGES)
def test_each_error_has_a_page_of_ours(client, path, status, title):
    response = client.get(path)
    assert response.status_code == status
    assert title in response.text
    assert "css/main.css" in response.text


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("suspicious", 400, "bad_request"),
        ("forbidden", 403, "forbidden"),
        ("nowhere", 404, "not_found"),
        ("button", 405, "method_not_allowed"),
        ("bug", 500, "server_error"),
        ("away", 503, "unavailable"),
        ("slow", 503, "unavailable"),
    ],
)
def test_each_error_is_json_under_api(client, path, status, code):
    response = client.get(f"/api/broken/{path}")
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["error"]["code"] == code
    assert response.json()["error"]["message"]


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_a_database_that_is_away_says_when_to_come_back(client, prefix):
    assert client.get(f"{prefix}/broken/away").headers["Retry-After"] == "30"


def test_a_program_reads_what_is_the_matter(client):
    error = client.get("/api/broken/read-only").json()["error"]
    assert "lets us read, but not write" in error["message"]


def test_a_method_that_is_not_taken_names_the_others(client):
    assert client.get("/broken/button").headers["Allow"] == "POST"


def test_500_page_shows_the_request_id_to_quote(client):
    response = client.get("/broken/bug")
    assert f"<code>{response.headers['X-Request-ID']}</code>" in response.text


@pytest.mark.parametrize("path", ["/broken/bug", "/broken/row"])
def test_500_page_tells_nothing_of_the_cause(client, path):
    text = client.get(path).text
    assert not re.search(r"RuntimeError|Traceback|a bug|same@testserver", text)


def test_csrf_failure_says_what_to_do():
    response = Client(enforce_csrf_checks=True).post("/waitlist/", {"email": "ann@example.com"})
    assert response.status_code == 403
    assert "This page was open for too long" in response.text


@pytest.mark.parametrize("debug", [False, True])
def test_nul_is_a_bad_request_wherever_it_is(client, settings, debug):
    settings.DEBUG = debug
    answers = [
        client.get("/broken/find?q=a%00b"),
        client.get("/broken/find/a%00b"),
        client.post("/broken/find", {"q": "a\x00b"}),
        client.post("/broken/find", "q=a%00b", content_type="application/x-www-form-urlencoded"),
    ]
    assert [answer.status_code for answer in answers] == [400] * 4


@pytest.mark.parametrize(
    "cookie",
    [r'"a\000b"', r'"\377"', "é", "x" * 5000, "", r'"a\073b"', r'"\""', "../../etc/passwd"],
)
def test_an_odd_cookie_is_no_session(client, cookie):
    """As it is sent: newer Pythons write no control characters into a cookie, but read them."""
    answer = client.get("/organizations/", headers={"Cookie": f"session={cookie}"})
    assert answer.status_code == 302


def test_unknown_host_is_a_bad_request(client):
    response = client.get("/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "We could not read that request" in response.text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("&".join(f"a{n}=" for n in range(1001)), "application/x-www-form-urlencoded"),
        ("a=b", "application/x-www-form-urlencoded; charset=utf-16"),
        (b"email=\xff\xfe", "application/x-www-form-urlencoded"),
        ("no parts", "multipart/form-data"),
        ("no parts", "multipart/form-data; boundary=é"),
        ("no parts", "multipart/form-data; boundary=" + "x" * 300),
        (
            "--x\r\nContent-Disposition: form-data; name=email\r\n\r\n",
            "multipart/form-data; boundary=x",
        ),
    ],
    ids=["fields", "charset", "bytes", "no boundary", "boundary", "long boundary", "end"],
)
def test_a_form_that_cannot_be_read_is_a_bad_request(client, body, content_type):
    response = client.post("/waitlist/", body, content_type=content_type)
    assert response.status_code == 400


def test_developments_page_of_an_error_shows_no_secret(rf, settings):
    url = f"postgres://me:{SECRET}@db/x"
    settings.DEBUG, settings.DATABASE_DIRECT_URL = True, url
    request = rf.get("/", DATABASE_URL=url, SMTP_PASSWORD=SECRET, ENCRYPTION_SECRETS=SECRET)
    try:
        _fail(url, {"password": SECRET})
    except ZeroDivisionError:
        page = technical_500_response(request, *sys.exc_info()).text
    assert "ENCRYPTION_SECRETS" in page
    # In the environment, in the settings, and what two functions were given.
    assert page.count("postgres://me:********@db/x") >= 4
    assert SECRET not in page


def _fail(url, parameters):
    return url, parameters, 1 / 0
