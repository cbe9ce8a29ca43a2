"""Ten tries a minute and address; PostgreSQL counts, however many try at once."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from config.tests.at_once import at_once
from waitlist.models import Attempt, Entry

URL = "/api/waitlist"


def post(email="ann@example.com", **headers):
    return Client().post(URL, {"email": email}, content_type="application/json", **headers)


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_with_one_address_make_one_row(settings):
    settings.WAITLIST_RATE = (1000, 60)
    assert [answer.status_code for answer in at_once(*[post] * 50)] == [202] * 50
    assert Entry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_fifty_at_once_exactly_ten_pass():
    assert sorted(answer.status_code for answer in at_once(*[post] * 50)) == [202] * 10 + [429] * 40


@pytest.mark.django_db
def test_a_refused_try_says_when_and_does_not_wait_longer_for_it(settings):
    settings.WAITLIST_RATE = (1, 60)
    assert post().status_code == 202
    Attempt.objects.update(until=timezone.now() + timedelta(seconds=30))
    waits = [int(post().headers["Retry-After"]) for _ in range(3)]
    assert all(20 < wait <= 30 for wait in waits)


@pytest.mark.django_db
def test_after_the_wait_it_goes_on(settings):
    settings.WAITLIST_RATE = (2, 60)
    assert [post().status_code for _ in range(3)] == [202, 202, 429]
    Attempt.objects.update(until=timezone.now())
    assert [post().status_code for _ in range(3)] == [202, 202, 429]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("192.0.2.1", "192.0.2.2", 202),
        ("2001:db8::1", "2001:db8::ffff:1", 429),
        ("2001:db8::1", "2001:db8:0:1::1", 202),
        ("192.0.2.1", "::ffff:192.0.2.1", 429),
        ("", "", 429),
    ],
    ids=["neighbors", "one IPv6 network", "two IPv6 networks", "IPv4 within IPv6", "nobody knows"],
)
def test_who_counts_as_one(settings, first, second, status):
    settings.WAITLIST_RATE = (1, 60)
    assert post(REMOTE_ADDR=first).status_code == 202
    assert post(REMOTE_ADDR=second).status_code == status


@pytest.mark.django_db
def test_form_and_api_share_the_limit(client, settings):
    settings.WAITLIST_RATE = (1, 60)
    assert post().status_code == 202
    assert client.post("/waitlist/", {"email": "ann@example.com"}).status_code == 429


@pytest.mark.django_db
def test_what_is_refused_anyway_does_not_count(settings):
    settings.WAITLIST_RATE = (1, 60)
    assert [post(email="no address").status_code for _ in range(3)] == [400] * 3
    assert post().status_code == 202


@pytest.mark.django_db
def test_addresses_are_forgotten_when_their_time_is_over():
    post(REMOTE_ADDR="192.0.2.1")
    Attempt.objects.update(until=timezone.now() - timedelta(seconds=1))
    post(REMOTE_ADDR="192.0.2.2")
    assert [attempt.ip for attempt in Attempt.objects.all()] == ["192.0.2.2"]
