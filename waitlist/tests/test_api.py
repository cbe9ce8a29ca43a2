"""/api/waitlist: joining by a program, and about how many are on the list."""

import json
import time

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from config.tests.at_once import at_once
from waitlist.models import Entry

URL = "/api/waitlist"

pytestmark = pytest.mark.django_db


def post(data, **extra):
    client = Client(enforce_csrf_checks=True)
    return client.post(URL, json.dumps(data), content_type="application/json", **extra)


def emails():
    return [entry.email for entry in Entry.objects.all()]


def test_new_known_and_robot_get_the_same_answer(settings):
    settings.WAITLIST_RATE = (1000, 60)
    answers = [
        post({"email": "Ann@example.com"}),
        post({"email": "ann@example.com"}),
        post({"email": "bot@example.com", "website": "https://spam.example"}),
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (202, b'{"message": "Thank you. We will write when there is a place."}')
    }
    alike = [dict(answer.headers) for answer in answers]
    for number, headers in enumerate(alike):
        del headers["X-Request-ID"]
        assert headers.pop("RateLimit-Remaining") == str(999 - number)
        assert int(headers.pop("RateLimit-Reset")) in range(30, 61)  # as fast as this machine is
    assert alike[0] == alike[1] == alike[2]
    assert emails() == ["ann@example.com"]


def test_who_has_to_confirm_is_told_so(settings):
    settings.WAITLIST_CONFIRM = True
    answers = [
        post({"email": "ann@example.com"}),
        post({"email": "ann@example.com"}),
        post({"email": "bot@example.com", "website": "https://spam.example"}),
    ]
    [message] = {answer.json()["message"] for answer in answers}
    assert message.startswith("One step is left: open the link that we sent you")


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"email": ""},
        {"email": None},
        {"email": 5},
        {"email": True},
        {"email": ["ann@example.com"]},
        {"email": {"address": "ann@example.com"}},
        {"email": "ann"},
        {"email": "ann\x7f@example.com"},
        {"email": "a" * 250 + "@example.com"},
    ],
    ids=str,
)
def test_bad_address_gets_the_fields_reason(data):
    response = post(data)

    assert response.status_code == 400
    error = response.json()["error"]
    assert error["code"] == "bad_request"
    assert error["fields"]["email"]
    assert not Entry.objects.exists()


@pytest.mark.parametrize("value", [5, False, [], {}])
@pytest.mark.parametrize("field", ["email", "website"])
def test_what_is_no_text_gets_the_fields_reason(field, value):
    response = post({"email": "ann@example.com", field: value})
    assert response.status_code == 400
    assert response.json()["error"]["fields"] == {field: "This must be a string."}
    assert not Entry.objects.exists()


def test_null_is_nothing_and_unknown_names_are_passed_over():
    assert post({"email": "ann@example.com", "website": None, "plan": 5}).status_code == 202
    assert emails() == ["ann@example.com"]


def test_every_counted_answer_tells_what_is_left(settings):
    settings.WAITLIST_RATE = (2, 60)
    first, second, third = (post({"email": "ann@example.com"}) for _ in range(3))

    assert [answer.status_code for answer in (first, second, third)] == [202, 202, 429]
    assert third.json()["error"]["code"] == "too_many_requests"
    for answer, left in ((first, "1"), (second, "0"), (third, "0")):
        assert answer.headers["RateLimit-Limit"] == "2"
        assert answer.headers["RateLimit-Remaining"] == left
        assert int(answer.headers["RateLimit-Reset"]) in range(30, 61)  # as fast as this machine is
    assert third.headers["Retry-After"] == third.headers["RateLimit-Reset"]
    assert "Retry-After" not in second.headers


def test_without_a_waitlist_there_is_no_such_address(settings):
    settings.WAITLIST_ENABLED = False
    settings.WAITLIST_ALLOWED_ORIGINS = ["https://www.example.com"]
    for method in ("GET", "POST", "OPTIONS", "DELETE"):
        for origin in ({}, {"Origin": "https://www.example.com"}):
            answer = Client().generic(method, URL, headers=origin)
            assert answer.status_code == 404
            assert answer.json()["error"]["code"] == "not_found"
    assert Client().head(URL).status_code == 404
    assert not Entry.objects.exists()


@pytest.mark.parametrize(("entries", "told"), [(9, 0), (10, 10), (14, 10), (15, 15)])
def test_so_many_are_told_to_be_on_the_list(client, entries, told):
    Entry.objects.bulk_create(Entry(email=f"{n}@example.com") for n in range(entries))

    response = client.get(URL)

    assert (response.status_code, response.json()) == (200, {"count": told})
    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert not response.cookies


def test_who_has_unsubscribed_is_not_counted_and_who_was_invited_is(client):
    now = timezone.now()
    Entry.objects.bulk_create(
        [
            *(Entry(email=f"{n}@example.com") for n in range(10)),
            *(Entry(email=f"{n}@example.com", invited=now) for n in range(10, 15)),
            *(Entry(email=f"{n}@example.com", unsubscribed=now) for n in range(15, 20)),
        ]
    )
    assert client.get(URL).json() == {"count": 15}


def test_nobody_changes_the_count_by_an_address_of_somebody_else(client, settings, alice, bob):
    """They would else see whether it was on the list before, or has an account."""
    settings.WAITLIST_CONFIRM = True
    now = timezone.now()
    Entry.objects.bulk_create(Entry(email=f"{n}@example.com", confirmed=now) for n in range(14))
    for address in ("ann@example.com", "alice@example.com", "bob@example.com"):
        assert post({"email": address}).status_code == 202
    assert Entry.objects.filter(joined__isnull=False).count() == 2
    assert client.get(URL).json() == {"count": 10}
    Entry.objects.filter(email="ann@example.com").update(confirmed=now)
    cache.clear()
    assert client.get(URL).json() == {"count": 15}


def test_the_count_is_kept_for_a_minute(client, django_assert_num_queries, monkeypatch):
    Entry.objects.bulk_create(Entry(email=f"{n}@example.com") for n in range(10))
    with django_assert_num_queries(1):
        assert client.get(URL).json() == {"count": 10}
    Entry.objects.bulk_create(Entry(email=f"{n}@example.com") for n in range(10, 20))
    with django_assert_num_queries(0):
        assert client.get(URL).json() == {"count": 10}
    head = client.head(URL)
    assert (head.status_code, head.content) == (200, b"")
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert client.get(URL).json() == {"count": 20}


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_two_hundred_at_once_with_one_address_make_one_row(settings):
    settings.WAITLIST_RATE = (1000, 60)
    posts = [lambda: post({"email": "ann@example.com"})] * 200
    assert [answer.status_code for answer in at_once(*posts)] == [202] * 200
    assert emails() == ["ann@example.com"]
