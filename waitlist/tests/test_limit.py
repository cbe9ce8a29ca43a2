"""Ten tries a minute and address; PostgreSQL counts, however many try at once."""

import pytest
from django.test import Client

from config.tests.at_once import at_once

URL = "/api/waitlist"


def post(email="ann@example.com", **headers):
    return Client().post(URL, {"email": email}, content_type="application/json", **headers)


@pytest.mark.django_db(transaction=True)
def test_of_fifty_at_once_exactly_ten_pass():
    assert sorted(answer.status_code for answer in at_once(*[post] * 50)) == [202] * 10 + [429] * 40


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
def test_a_visitor_is_counted_by_the_connection_whatever_its_headers_say(settings):
    settings.WAITLIST_RATE = (1, 60)
    claims = ("X-Forwarded-For", "X-Real-IP", "Forwarded")
    statuses = [
        post(headers=dict.fromkeys(claims, f"192.0.2.{number}"), REMOTE_ADDR=address).status_code
        for number, address in enumerate(
            ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1", "198.51.100.1"]
        )
    ]
    assert statuses == [202, 429, 202, 202]
