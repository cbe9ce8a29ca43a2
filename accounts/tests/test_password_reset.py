"""A new password by a link by email: once, for an hour, and past no second factor."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import mail
from django.test import Client

from accounts.models import User
from accounts.tests.people import RESET, is_signed_in, mailed_link, sign_in

pytestmark = pytest.mark.django_db

NEW = "blue-river-2027"


def ask(client, email="alice@example.com"):
    client.post(RESET, {"email": email})
    return mailed_link()


def choose(client, link, password=NEW):
    """Open the link and fill in the form."""
    page = client.get(link, follow=True)
    assert "Choose a new password" in page.text
    form = {"password1": password, "password2": password}
    return client.post(page.redirect_chain[-1][0], form, follow=True)


def test_a_link_works_for_an_hour_and_says_so(client, alice, monkeypatch):
    link = ask(client)
    assert "1 hour" in mail.outbox[0].body
    assert "1 hour" in client.get("/accounts/password/reset/done/").text
    now = PasswordResetTokenGenerator._now
    for passed, works in [(timedelta(minutes=59), True), (timedelta(minutes=61), False)]:
        monkeypatch.setattr(
            PasswordResetTokenGenerator, "_now", lambda self, passed=passed: now(self) + passed
        )
        page = Client().get(link, follow=True)
        assert ("no longer works" in page.text) is not works


def test_a_link_that_was_used_is_told_so(client, alice):
    link = ask(client)
    choose(client, link)
    for browser in (client, Client()):
        page = browser.get(link, follow=True)
        assert "This link no longer works" in page.text
        assert "already been used" in page.text


def test_of_two_links_the_first_used_ends_the_other(client, alice):
    first, second = ask(client), ask(client)
    choose(client, second)
    assert "no longer works" in client.get(first, follow=True).text


def test_a_reset_signs_every_device_out_and_nobody_in(client, alice):
    sign_in(other := Client())
    sign_in(client)
    response = choose(client, ask(client))
    assert "Sign in with your new password" in response.text
    for browser in (client, other):
        assert browser.get("/account/").status_code == 302
    sign_in(client, password=NEW)
    assert is_signed_in(client)


def test_a_reset_does_not_skip_the_second_factor(client, alice):
    TOTP.activate(alice, generate_totp_secret())
    choose(client, ask(client))
    assert sign_in(client, password=NEW).headers["Location"] == "/accounts/2fa/authenticate/"
    assert not is_signed_in(client)


def test_a_reset_ends_sign_ins_that_wait_for_the_second_factor(client, alice, monkeypatch):
    TOTP.activate(alice, generate_totp_secret())
    sign_in(thief := Client())
    choose(client, ask(client))
    monkeypatch.setattr(TOTP, "validate_code", lambda self, code: True)
    thief.post("/accounts/2fa/authenticate/", {"code": "123456"})
    response = thief.post("/accounts/2fa/trust/", follow=True)
    assert "Your account changed while you signed in" in response.text
    assert not is_signed_in(thief)


def test_a_person_without_a_password_sets_one(client):
    User.objects.create_user("frank@example.com", name="Frank")
    choose(client, ask(client, "frank@example.com"))
    frank = User.objects.get()
    assert frank.check_password(NEW)
    assert frank.name == "Frank"
    assert EmailAddress.objects.get(user=frank).verified
    sign_in(client, "frank@example.com", NEW)
    assert is_signed_in(client)


def test_an_address_that_somebody_left_unconfirmed_resets_nothing(client, alice):
    EmailAddress.objects.create(user=alice, email="shared@example.com", verified=False)
    client.post(RESET, {"email": "shared@example.com"})
    assert mail.outbox[0].subject == "There is no account with this address"


def test_a_link_opened_while_somebody_else_is_signed_in_signs_them_out(client, alice, bob):
    sign_in(client, "bob@example.com")
    choose(client, ask(client))
    assert not is_signed_in(client)
    sign_in(other := Client(), "bob@example.com")
    assert is_signed_in(other)


def test_a_link_for_nobody_is_told_so(client):
    for link in ("x-y", "0-set-password", f"{'f' * 32}-abc-def", "0" * 5000 + "-a"):
        page = client.get(f"/accounts/password/reset/key/{link}/", follow=True)
        assert "This link no longer works" in page.text
