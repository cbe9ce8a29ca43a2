"""The public form at /waitlist/."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Mail
from accounts.outbox import attempt, queueing
from config.tests.at_once import at_once, statuses
from waitlist import models
from waitlist.models import Entry

URL = "/waitlist/"

pytestmark = pytest.mark.django_db


def emails():
    return list(Entry.objects.values_list("email", flat=True))


def test_a_visitor_joins_and_is_thanked(client):
    page = client.get(URL)
    assert 'name="email"' in page.text

    response = client.post(URL, {"email": "ann@example.com", "website": ""}, follow=True)

    assert response.redirect_chain == [("/waitlist/thanks/", 302)]
    assert "on the list" in response.text
    assert emails() == ["ann@example.com"]


def test_both_pages_can_be_asked_for_their_headers(client):
    assert client.head(URL).status_code == 200
    assert client.head("/waitlist/thanks/").status_code == 200


def test_new_known_and_robot_get_the_same_answer(client):
    answers = [
        client.post(URL, {"email": "ann@example.com"}),
        client.post(URL, {"email": "ann@example.com"}),
        client.post(URL, {"email": "bot@example.com", "website": "https://spam.example"}),
    ]

    assert {(a.status_code, a.headers["Location"]) for a in answers} == {(302, "/waitlist/thanks/")}
    assert emails() == ["ann@example.com"]


@pytest.mark.parametrize(
    "typed",
    ["  Ann@Example.COM ", "ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ", "\u3000ann@example.com"],
    ids=["spaces and capitals", "full-width", "ideographic space"],
)
def test_address_is_normalized_before_it_is_checked(client, typed):
    assert client.post(URL, {"email": typed}).status_code == 302
    assert emails() == ["ann@example.com"]


def test_what_is_lower_case_is_for_postgresql_to_say():
    """If its Unicode is newer than Python's, the constraint would else be broken: a 500."""
    Entry.join("ANN@example.com")
    assert emails() == ["ann@example.com"]


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ann",
        "ann@",
        "a\x00nn@example.com",
        '"a\x01nn"@example.com',
        "ann@exa mple.com",
        "ann@example.com, bob@example.com",
        "a" * 243 + "@example.com",
        "ﷺ" * 20 + "@example.com",
    ],
)
def test_bad_address_is_answered_with_the_reason_beside_the_field(client, typed):
    response = client.post(URL, {"email": typed})

    assert response.status_code == 400
    assert 'aria-invalid="true"' in response.text
    assert emails() == []


def test_longest_address_fits(client):
    longest = "a" * 64 + "@" + ".".join(["b" * 61] * 3) + ".com"
    assert len(longest) <= 254
    assert client.post(URL, {"email": longest}).status_code == 302


def test_eleventh_try_within_a_minute_waits_and_keeps_what_was_typed(client):
    for number in range(10):
        assert client.post(URL, {"email": f"ann{number}@example.com"}).status_code == 302

    response = client.post(URL, {"email": "eve@example.com"})

    assert response.status_code == 429
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert 'value="eve@example.com"' in response.text
    assert len(emails()) == 10


def test_a_form_without_its_token_is_refused():
    response = Client(enforce_csrf_checks=True).post(URL, {"email": "ann@example.com"})
    assert response.status_code == 403
    assert emails() == []


def test_form_costs_no_statement_and_joining_two(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get(URL)
        client.get("/waitlist/thanks/")
    with django_assert_num_queries(2):
        client.post(URL, {"email": "ann@example.com"})


@pytest.mark.parametrize("confirms", [True, False])
def test_new_known_and_robot_take_the_same_work(client, settings, monkeypatch, confirms):
    """Times are chance here: what they come from is counted, statements and encrypted emails."""
    settings.WAITLIST_CONFIRM, settings.MAIL_DELIVERY = confirms, "worker"
    encrypted, works = [], []
    monkeypatch.setattr(queueing, "encrypt", lambda text: encrypted.append(text) or "x")
    # What is left for later, and for the thread that wakes a worker, is no part of the answer.
    monkeypatch.setattr(models, "later", lambda work: None)
    monkeypatch.setattr(attempt, "_wake_worker", lambda: None)
    now = timezone.now()
    Entry.objects.create(email="known@example.com", confirmed=now)
    Entry.objects.create(email="left@example.com", confirmed=now, unsubscribed=now)
    sent = {"new": {}, "known": {}, "left": {}, "robot": {"website": "x"}}
    for name, fields in sent.items():
        encrypted.clear()
        with CaptureQueriesContext(connection) as queries:
            client.post(URL, {"email": f"{name}@example.com", **fields})
        statements = [query["sql"].split()[0] for query in queries]
        ours = [word for word in statements if word not in ("SAVEPOINT", "ROLLBACK", "RELEASE")]
        works.append((len(encrypted), len(ours)))
    assert works == [works[0]] * 4
    assert len(encrypted) == confirms


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_all_at_once_with_one_address_make_one_row_and_three_emails(settings, number, mailoutbox):
    settings.WAITLIST_RATE, settings.WAITLIST_CONFIRM = (1000, 60), True
    answers = at_once(*[lambda: Client().post(URL, {"email": "ann@example.com"})] * number)
    assert statuses(answers) == {302: number}
    assert emails() == ["ann@example.com"]
    assert Mail.objects.count() == len(mailoutbox) == 3
