"""allauth counts attempts in the cache; in production that is a table every worker sees."""

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.tests.people import RESET, SIGNUP, is_signed_in, sign_in
from config.tests.at_once import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def production_cache(settings):
    settings.CACHES = {"default": {"BACKEND": "config.cache.DatabaseCache", "LOCATION": "cache"}}


def test_five_wrong_passwords_close_an_account_to_guessing(client, alice):
    for _ in range(5):
        assert "password is wrong" in sign_in(client, password="wrong-password").text
    assert "Too many failed" in sign_in(client, password="wrong-password").text
    assert "Too many failed" in sign_in(Client(), "ALICE@example.com").text
    assert not is_signed_in(client)


def test_right_passwords_are_not_counted(client, alice):
    for _ in range(8):
        sign_in(client)
        assert is_signed_in(client)
        client.post("/accounts/logout/")


def test_too_many_sign_ups_from_one_place_get_our_page(client):
    answers = [client.post(SIGNUP, {}).status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]
    response = client.post(SIGNUP, {})
    assert "429.html" in [template.name for template in response.templates]


def test_one_mailbox_is_not_flooded_with_reset_links(client, alice, mailoutbox):
    for _ in range(7):
        client.post(RESET, {"email": "alice@example.com"})
    assert len(mailoutbox) == 5


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_moment_are_counted_each(alice):
    def guess():
        return "password is wrong" in sign_in(Client(), password="a guess").text

    assert sum(at_once(*[guess] * 24)) <= 5
    cache.clear()
