"""What every address of the API takes and refuses, shown at POST /api/waitlist."""

import gzip
import io
import json
from unittest.mock import Mock

import pytest
from django.test import Client
from gunicorn.http.errors import InvalidChunkSize

from waitlist.models import Entry

URL = "/api/waitlist"

pytestmark = pytest.mark.django_db


def post(body, content_type="application/json", **extra):
    if not isinstance(body, str | bytes):
        body = json.dumps(body)
    client = Client(enforce_csrf_checks=True)
    return client.post(URL, body, content_type=content_type, **extra)


def error_of(response):
    assert response.headers["Content-Type"] == "application/json"
    assert set(response.json()) == {"error"}
    return response.json()["error"]


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
        b'{"email": "ann@example.com", "n": 0.' + b"9" * 5000 + b"}",
        b'{"email": "ann@example.com", "utm_source": "a\\u0000b"}',
        b'{"email": "ann@example.com", "n": [{"\\u0000": 1}]}',
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
    assert error_of(response)["code"] == "bad_request"
    assert not Entry.objects.exists()


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_is_taken(content_type):
    response = post({"email": "ann@example.com"}, content_type)
    assert response.status_code == 415
    assert error_of(response)["code"] == "unsupported_media_type"


def test_json_with_a_charset_is_json():
    response = post({"email": "ann@example.com"}, "application/json; charset=utf-8")
    assert response.status_code == 202


@pytest.mark.parametrize(("size", "status"), [(16 * 1024, 202), (16 * 1024 + 1, 413)])
def test_at_most_16_kilobytes(size, status):
    body = b'{"email": "ann@example.com"}'
    response = post(body + b" " * (size - len(body)))
    assert response.status_code == status
    if status == 413:
        assert error_of(response)["code"] == "content_too_large"


def test_three_megabytes_are_refused_without_reading_them():
    assert post(b" " * 3_000_000).status_code == 413


def post_stream(body, **meta):
    """Post what is no more than a stream, as a server hands it on."""
    meta = {"wsgi.input": io.BytesIO(body), "CONTENT_TYPE": "application/json"} | meta
    return Client().generic("POST", URL, **meta)


def post_chunks(body):
    """Post without a length; gunicorn knows where the last chunk ends."""
    return post_stream(body, **{"wsgi.input_terminated": True})


def test_a_body_in_chunks_is_read():
    assert post_chunks(b'{"email": "ann@example.com"}').status_code == 202
    assert Entry.objects.exists()


@pytest.mark.parametrize(("size", "status"), [(16 * 1024, 202), (16 * 1024 + 1, 413)])
def test_a_body_in_chunks_is_at_most_16_kilobytes(size, status):
    body = b'{"email": "ann@example.com"}'
    assert post_chunks(body + b" " * (size - len(body))).status_code == status


@pytest.mark.parametrize("error", [OSError("gone"), InvalidChunkSize(b"x")], ids=repr)
def test_broken_chunks_are_refused(error):
    stream = Mock(read=Mock(side_effect=error))
    response = post_stream(b"", **{"wsgi.input": stream, "wsgi.input_terminated": True})
    assert response.status_code == 400
    assert error_of(response)["code"] == "bad_request"


def test_a_body_shorter_than_its_length_is_refused():
    response = post_stream(b'{"email": "ann@example.com"}', CONTENT_LENGTH="99")
    assert response.status_code == 400
    assert not Entry.objects.exists()


@pytest.mark.parametrize("length", ["-1", "ten", "9" * 5000])
def test_a_length_that_is_none_is_no_failure(length):
    """gunicorn refuses these itself; other servers hand them on."""
    assert post({"email": "ann@example.com"}, CONTENT_LENGTH=length).status_code in (400, 413)


def test_a_compressed_body_is_refused():
    body = gzip.compress(b'{"email": "ann@example.com"}')
    response = post(body, headers={"Content-Encoding": "gzip"})
    assert response.status_code == 415
    assert error_of(response)["code"] == "unsupported_media_type"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PRÖST"])
def test_other_methods_are_refused(client, method):
    response = client.generic(method, URL)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert error_of(response)["code"] == "method_not_allowed"


def test_options_tells_the_methods(client):
    response = client.options(URL)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/waitlist/", "/api/a/b"])
def test_what_is_not_there_is_said_in_json(client, settings, path, debug):
    settings.DEBUG = debug
    for response in (client.get(path), post_to(path)):
        assert response.status_code == 404
        assert error_of(response) == {"code": "not_found", "message": "There is nothing here."}


def post_to(path):
    return Client(enforce_csrf_checks=True).post(path, "{}", content_type="application/json")
