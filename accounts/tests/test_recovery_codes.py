"""Recovery codes: ten, shown once, each good for one sign-in."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.tests.factors import AUTHENTICATE, App, recovery_codes, url
from accounts.tests.people import sign_in
from config.tests.at_once import at_once

TRUST = "/accounts/2fa/trust/"


@pytest.fixture
def codes(alice):
    """Alice's recovery codes, which stand in for her app."""
    App(alice)
    return recovery_codes(alice)


def use(client, code):
    sign_in(client)
    return client.post(AUTHENTICATE, {"code": code})


def test_each_code_signs_in_once(client, codes):
    assert use(client, codes[0]).url == TRUST
    assert "works once" in use(Client(), codes[0]).content.decode()
    assert use(Client(), codes[1]).url == TRUST


def test_spaces_in_a_code_do_not_matter(client, codes):
    assert use(client, f" {codes[0][:4]} {codes[0][4:]} ").url == TRUST


def test_codes_of_bob_are_nothing_for_alice(client, codes, bob):
    App(bob)
    assert use(client, recovery_codes(bob)[0]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_several_uses_at_the_same_moment_one_passes(codes):
    uses = [lambda: Authenticator.objects.get(type="recovery_codes").wrap().validate_code(codes[0])]
    assert sorted(at_once(*uses * 6)) == [False] * 5 + [True]


def test_codes_are_shown_once(client, alice, codes):
    client.force_login(alice)
    first = client.get(url("view_recovery_codes")).content.decode()
    assert all(code in first for code in codes)
    second = client.get(url("view_recovery_codes")).content.decode()
    assert not [code for code in codes if code in second]
    assert "10 of 10 are left" in second
    assert client.get(url("download_recovery_codes")).status_code == 403


def test_new_codes_replace_the_old_ones(client, alice, codes):
    client.force_login(alice)
    client.post(url("generate_recovery_codes"))
    fresh = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    assert not set(fresh) & set(codes)
    assert use(Client(), codes[0]).status_code == 200
    assert use(Client(), fresh[0]).url == TRUST


def test_there_are_no_codes_without_a_second_factor(client, alice):
    client.force_login(alice)
    page = client.post(url("generate_recovery_codes")).content.decode()
    assert "Add an authenticator app or a passkey first" in page
    assert not Authenticator.objects.exists()


def test_the_overview_counts_what_is_left(client, alice, codes):
    use(Client(), codes[0])
    client.force_login(alice)
    assert "9 of 10 are left" in client.get(url("index")).content.decode()
