"""A charset that is none of text is no reason to fail, at any address."""

import pytest
from django.test import RequestFactory

from config.charsets import Request
from config.wsgi import application


def environ(charset, **extra):
    known = RequestFactory().post("/api/waitlist").environ
    return known | {"CONTENT_TYPE": f"text/plain; charset={charset}"} | extra


@pytest.mark.parametrize(
    "charset", ["rot13", "undefined", "idna", "hex", "utf-8", "unknown", "é", "a\0b"]
)
@pytest.mark.parametrize("query", ["", "text=caf%C3%A9", "a&" * 1001])
def test_no_charset_and_no_query_is_a_failure(charset, query):
    request = application.request_class(environ(charset, QUERY_STRING=query))
    assert application.get_response(request).status_code == 415


@pytest.mark.parametrize("charset", ["rot13", "undefined", "idna", "hex"])
def test_what_the_query_says_is_read_all_the_same(charset):
    asked = environ(
        charset, REQUEST_METHOD="GET", PATH_INFO="/waitlist/", QUERY_STRING="utm_term=x"
    )
    response = application.get_response(application.request_class(asked))
    assert response.status_code == 200
    assert 'value="x"' in response.text


def test_the_path_is_decoded_once():
    assert Request(environ("rot13", PATH_INFO="/caf\xc3\xa9/")).path == "/café/"


def test_one_of_text_counts():
    assert Request(environ("iso-8859-1")).encoding == "iso-8859-1"
    assert Request(environ("latin-1", QUERY_STRING="text=caf%E9")).GET["text"] == "café"
