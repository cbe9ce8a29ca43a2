"""The last way into an account stays: a password, a passkey or an account elsewhere."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from accounts.mfa import passkeys
from accounts.models import User
from accounts.social import forms as social_forms
from accounts.tests.factors import Passkey, same_browser, url
from config import providers
from config.tests.at_once import at_once, side_by_side

CONNECTIONS = "/accounts/3rdparty/"


@pytest.fixture
def elsewhere(alice, monkeypatch, settings):
    """Alice's account at GitHub, where people can sign in; she has no password."""
    monkeypatch.setenv("GITHUB_CLIENT_ID", "id")
    monkeypatch.setenv("GITHUB_CLIENT_SECRET", "secret")
    settings.SOCIALACCOUNT_PROVIDERS = providers.configured("test")
    User.objects.filter(pk=alice.pk).update(password="!")
    return SocialAccount.objects.create(user=alice, provider="github", uid="alice")


@pytest.fixture
def client(elsewhere):
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(pk=elsewhere.user_id))
    return client


def disconnect(client, account):
    return client.post(CONNECTIONS, {"account": account.pk})


def remove_passkey(client):
    return client.post(url("remove_webauthn", pk=Authenticator.objects.get().pk))


def test_an_account_elsewhere_goes_while_a_passkey_stays(client, elsewhere, alice):
    Passkey().added_to(alice)
    disconnect(client, elsewhere)
    assert not SocialAccount.objects.exists()


def test_a_key_that_asks_for_an_email_first_is_no_way_in(client, elsewhere, alice):
    Passkey(discoverable=False).added_to(alice)
    assert "This is your only way to sign in" in disconnect(client, elsewhere).text
    assert SocialAccount.objects.exists()


def test_a_passkey_goes_while_an_account_elsewhere_stays(client, alice):
    Passkey().added_to(alice)
    remove_passkey(client)
    assert not Authenticator.objects.exists()


def test_an_account_at_a_provider_that_is_offered_no_more_is_no_way_in(client, alice, settings):
    Passkey().added_to(alice)
    settings.SOCIALACCOUNT_PROVIDERS = {}
    remove_passkey(client)
    assert Authenticator.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_a_passkey_and_an_account_removed_at_once_one_stays(
    client, elsewhere, alice, monkeypatch
):
    together = side_by_side(passkeys.is_only_way_in)
    monkeypatch.setattr(passkeys, "is_only_way_in", together)
    monkeypatch.setattr(social_forms, "is_only_way_in", together)
    Passkey().added_to(alice)
    other = same_browser(client)
    at_once(lambda: remove_passkey(client), lambda: disconnect(other, elsewhere))
    assert Authenticator.objects.exists() != SocialAccount.objects.exists()
