"""Pages of other sites and /api/waitlist: WAITLIST_ALLOWED_ORIGINS names whose may use it."""

import pytest
from django.db import OperationalError
from django.test import Client

from waitlist.models import Entry

URL = "/api/waitlist"
LANDING_PAGE = "https://www.example.com"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def landing_page(settings):
    settings.WAITLIST_ALLOWED_ORIGINS = ["http://localhost:3000", LANDING_PAGE]


def post(origin, data=None):
    return Client(enforce_csrf_checks=True).post(
        URL,
        data or {"email": "ann@example.com"},
        content_type="application/json",
        headers={"Origin": origin},
    )


def ask(origin, method="POST"):
    """Ask as a browser does before it sends JSON to another site."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type",
    }
    return Client().options(URL, headers=headers)


def shared(response):
    """Return with whose pages a browser shares the answer."""
    assert response.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in response.headers
    return response.headers.get("Access-Control-Allow-Origin")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://testserver", 202),
        (LANDING_PAGE, 202),
        ("https://trusted.example", 202),
        ("https://testserver", 403),
        ("http://testserver:8000", 403),
        ("https://evil.example", 403),
        ("http://www.example.com", 403),
        ("https://www.example.com.evil.example", 403),
        ("https://www.example.com:8443", 403),
        ("https://www.example.com, https://evil.example", 403),
        ("HTTPS://WWW.EXAMPLE.COM", 403),
        ("null", 403),
        ("*", 403),
        ("", 403),
    ],
)
def test_only_our_pages_and_those_of_named_origins_may_post(settings, origin, status):
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example"]
    response = post(origin)
    assert response.status_code == status
    assert shared(response) == (LANDING_PAGE if origin == LANDING_PAGE else None)
    assert Entry.objects.exists() == (status == 202)


def test_a_browser_may_send_json_from_a_named_origin():
    response = ask(LANDING_PAGE)
    assert (response.status_code, response.content) == (204, b"")
    assert shared(response) == LANDING_PAGE
    assert response.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert response.headers["Access-Control-Allow-Headers"] == "content-type"
    assert int(response.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_and_from_no_other(origin):
    response = ask(origin)
    assert response.status_code == 403
    assert shared(response) is None
    assert not [name for name in response.headers if name.startswith("Access-Control")]


def test_the_page_can_read_every_answer(settings, monkeypatch):
    settings.WAITLIST_RATE = (1, 60)
    answers = [post(LANDING_PAGE), post(LANDING_PAGE), post(LANDING_PAGE, {"email": "ann"})]
    answers.append(Client().get(URL, headers={"Origin": LANDING_PAGE}))
    answers.append(Client().delete(URL, headers={"Origin": LANDING_PAGE}))

    def away(request):
        raise OperationalError

    monkeypatch.setattr("waitlist.limits.count", away)
    answers.append(post(LANDING_PAGE))

    assert [answer.status_code for answer in answers] == [202, 429, 400, 200, 405, 503]
    for answer in answers:
        assert shared(answer) == LANDING_PAGE
        exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} <= {
            *exposed
        }


def test_a_cache_keeps_the_count_apart_for_each_origin():
    for origin in ({}, {"Origin": "http://testserver"}):
        assert shared(Client().get(URL, headers=origin)) is None
    assert shared(Client().get(URL, headers={"Origin": LANDING_PAGE})) == LANDING_PAGE


def test_a_refused_page_is_not_counted(settings):
    settings.WAITLIST_RATE = (1, 60)
    assert [post("https://evil.example").status_code for _ in range(2)] == [403] * 2
    assert post(LANDING_PAGE).status_code == 202
