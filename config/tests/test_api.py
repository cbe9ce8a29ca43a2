"""POST /api/waitlist, and what every endpoint of the API refuses."""

import json

import pytest
from django.test import Client

from waitlist.models import Entry

URL = "/api/waitlist"

pytestmark = pytest.mark.django_db


def post(body, content_type="application/json", **extra):
    if not isinstance(body, str | bytes):
        body = json.dumps(body)
    client = Client(enforce_csrf_checks=True)
    return client.post(URL, body, content_type=content_type, **extra)


def error(response):
    assert response.headers["Content-Type"] == "application/json"
    assert set(response.json()) == {"error"}
    return response.json()["error"]


def test_new_known_and_robot_get_the_same_answer():
    answers = [
        post({"email": "Ann@example.com"}),
        post({"email": "ann@example.com"}),
        post({"email": "bot@example.com", "website": "https://spam.example"}),
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (202, b'{"message": "Thank you. We will write when there is a place."}')
    }
    assert [entry.email for entry in Entry.objects.all()] == ["ann@example.com"]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"email": ""},
        {"email": None},
        {"email": 5},
        {"email": ["ann@example.com"]},
        {"email": {"address": "ann@example.com"}},
        {"email": "ann"},
        {"email": "ann\x00@example.com"},
        {"email": "a" * 250 + "@example.com"},
    ],
    ids=str,
)
def test_bad_address_gets_the_fields_reason(data):
    response = post(data)

    assert response.status_code == 400
    assert error(response)["code"] == "bad_request"
    assert error(response)["fields"]["email"]
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b"[]",
        b"null",
        b'"ann@example.com"',
        b'{"email": "ann@example.com", "n": NaN}',
        b'{"email": "ann@example.com", "n": -Infinity}',
        b'{"email": "ann@example.com"} {}',
        b'{"email": "ann@example.com", "email": "eve@example.com"}',
        b'{"email": "ann@example.com", "n": ' + b"9" * 5000 + b"}",
        b"[" * 7000 + b"]" * 7000,
        b'{"n":' * 2000 + b"1" + b"}" * 2000,
        b'{"email": "ann@\\ud800.com"}',
        b'{"email": "ann@example.com", "\\udfff": 1}',
        b'{"email": "ann\xff@example.com"}',
        b'\xef\xbb\xbf{"email": "ann@example.com"}',
        '{"email": "ann@example.com"}'.encode("utf-16"),
        '{"email": "ann@example.com"}'.encode("utf-32"),
        b"{'email': 'ann@example.com'}",
        b"email=ann@example.com",
    ],
    ids=lambda body: repr(body[:50]),
)
def test_anything_but_one_clean_json_object_is_refused(body):
    response = post(body)

    assert response.status_code == 400
    assert error(response)["code"] == "bad_request"
    assert not Entry.objects.exists()


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_is_taken(content_type):
    response = post({"email": "ann@example.com"}, content_type)
    assert response.status_code == 415
    assert error(response)["code"] == "unsupported_media_type"


def test_json_with_a_charset_is_json():
    response = post({"email": "ann@example.com"}, "application/json; charset=utf-8")
    assert response.status_code == 202


@pytest.mark.parametrize(("size", "status"), [(16 * 1024, 202), (16 * 1024 + 1, 413)])
def test_at_most_16_kilobytes(size, status):
    body = b'{"email": "ann@example.com"}'
    response = post(body + b" " * (size - len(body)))
    assert response.status_code == status
    if status == 413:
        assert error(response)["code"] == "content_too_large"


def test_three_megabytes_are_refused_without_reading_them():
    assert post(b" " * 3_000_000).status_code == 413


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_only_post_is_taken(client, method):
    response = getattr(client, method)(URL)
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    if method != "head":
        assert error(response)["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://testserver", 202),
        ("https://testserver", 403),
        ("http://testserver:8000", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("https://www.example.com", 202),
    ],
)
def test_pages_of_other_sites_are_refused(settings, origin, status):
    settings.CSRF_TRUSTED_ORIGINS = ["https://www.example.com"]
    assert post({"email": "ann@example.com"}, HTTP_ORIGIN=origin).status_code == status
    assert Entry.objects.exists() == (status == 202)


def test_too_many_are_told_when_to_try_again(settings):
    settings.WAITLIST_RATE = (1, 60)
    post({"email": "ann@example.com"})

    response = post({"email": "eve@example.com"})

    assert response.status_code == 429
    assert error(response)["code"] == "too_many_requests"
    assert 1 <= int(response.headers["Retry-After"]) <= 60


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/waitlist/", "/api/a/b"])
def test_what_is_not_there_is_said_in_json(client, settings, path, debug):
    settings.DEBUG = debug
    for response in (client.get(path), post_to(path)):
        assert response.status_code == 404
        assert error(response) == {"code": "not_found", "message": "There is nothing here."}


def post_to(path):
    return Client(enforce_csrf_checks=True).post(path, "{}", content_type="application/json")
