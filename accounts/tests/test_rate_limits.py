"""allauth counts attempts in the cache; in production that is a table every worker sees."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from accounts.tests.people import RESET, SIGNUP, is_signed_in, sign_in

pytestmark = pytest.mark.django_db

CACHES = {
    "development": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "production": {"BACKEND": "config.cache.DatabaseCache", "LOCATION": "cache"},
}


@pytest.fixture(params=CACHES)
def any_cache(request, settings):
    settings.CACHES = {"default": CACHES[request.param]}
    cache.clear()


@pytest.mark.usefixtures("any_cache")
def test_five_wrong_passwords_close_an_account_to_guessing(client, alice):
    for _ in range(5):
        assert "not correct" in sign_in(client, password="wrong-password").text
    assert "Too many failed" in sign_in(client, password="wrong-password").text
    assert "Too many failed" in sign_in(Client(), "ALICE@example.com").text
    assert not is_signed_in(client)


@pytest.mark.usefixtures("any_cache")
def test_right_passwords_are_not_counted(client, alice):
    for _ in range(8):
        sign_in(client)
        assert is_signed_in(client)
        client.post("/accounts/logout/")


@pytest.mark.usefixtures("any_cache")
def test_too_many_sign_ups_from_one_place_get_our_page(client):
    answers = [client.post(SIGNUP, {}).status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]
    response = client.post(SIGNUP, {})
    assert "429.html" in [template.name for template in response.templates]


@pytest.mark.usefixtures("any_cache")
def test_one_mailbox_is_not_flooded_with_reset_links(client, alice, mailoutbox):
    for _ in range(7):
        client.post(RESET, {"email": "alice@example.com"})
    assert len(mailoutbox) == 5


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_moment_are_counted_each(alice, settings):
    settings.CACHES = {"default": CACHES["production"]}

    def guess(number):
        try:
            text = sign_in(Client(), password=f"guess {number}").text
            return "not correct" in text
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(24))) <= 5
    cache.clear()
