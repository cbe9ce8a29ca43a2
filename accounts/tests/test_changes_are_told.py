"""A change of how somebody signs in ends every other device and is mailed to the owner."""

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import IntegrityError
from django.test import Client

from accounts.models import Mail, Session, User
from accounts.outbox import queue
from accounts.tests.factors import App
from accounts.tests.people import CODE, mailed_code, sign_in
from config.cast import PASSWORD
from config.tests.at_once import at_once

pytestmark = pytest.mark.django_db

EMAIL = "/accounts/email/"
NEW = "blue-river-2027"
GITHUB = {"provider": "github", "uid": "7"}


def hash_of(client):
    return Session.hash_of(client.cookies[settings.SESSION_COOKIE_NAME].value)


@pytest.fixture
def other(alice):
    """Another device of Alice."""
    sign_in(browser := Client())
    return browser


@pytest.fixture
def here(client, alice, other, bob, mailoutbox):
    """Alice's device at hand, beside another one of hers and one of Bob's."""
    sign_in(Client(), "bob@example.com")
    sign_in(client)
    mailoutbox.clear()  # of the new devices
    return client


@pytest.fixture
def second_address(alice):
    return EmailAddress.objects.create(user=alice, email="alice@work.example", verified=True)


def change_password(client, new=NEW):
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    return client.post("/accounts/password/change/", form)


def add_address(client):
    client.post(EMAIL, {"action_add": "", "email": "alice@home.example"})
    client.post(CODE, {"code": mailed_code()})


def make_primary(client):
    client.post(EMAIL, {"action_primary": "", "email": "alice@work.example"})


def remove_address(client):
    client.post(EMAIL, {"action_remove": "", "email": "alice@work.example"})


CHANGES = {
    change_password: [("alice@example.com", "Your password was changed")],
    add_address: [("alice@example.com", "An email address was added")],
    make_primary: [
        ("alice@example.com", "Your email address was changed"),
        ("alice@work.example", "Your email address was changed"),
    ],
    remove_address: [("alice@example.com", "An email address was removed")],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_signs_every_other_device_out_and_tells_the_owner(
    here, other, second_address, mailoutbox, change
):
    change(here)
    assert here.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302
    assert sorted(
        Session.objects.exclude(user=None).values_list("user__email", flat=True)
    ) == sorted([User.objects.get(name="Alice Example").email, "bob@example.com"])
    told = [(mail.to[0], mail.subject) for mail in mailoutbox if "code" not in mail.body]
    assert sorted(told) == CHANGES[change]
    for mail in mailoutbox:
        if "code" not in mail.body:
            assert "IP address: 127.0.0.1" in mail.body
            assert "http://testserver/accounts/password/reset/" in mail.body


def activate_app(client):
    page = client.get("/accounts/2fa/totp/activate/")
    app = App(secret=page.context["form"].secret)
    client.post("/accounts/2fa/totp/activate/", {"code": app.code()})


def deactivate_app(client):
    client.post("/accounts/2fa/totp/deactivate/")


def make_recovery_codes(client):
    client.post("/accounts/2fa/recovery-codes/generate/")


def disconnect(client):
    account = SocialAccount.objects.create(user=User.objects.get(name="Alice Example"), **GITHUB)
    client.post("/accounts/3rdparty/", {"account": account.pk})
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("change", [activate_app, deactivate_app, make_recovery_codes, disconnect])
def test_so_does_a_change_of_second_factors_and_connected_accounts(
    here, alice, settings, mailoutbox, change
):
    settings.SOCIALACCOUNT_PROVIDERS = {"github": {"APPS": [{"client_id": "x", "secret": "y"}]}}
    if change in (deactivate_app, make_recovery_codes):
        App(alice)
    change(here)
    assert here.get("/account/").status_code == 200
    assert list(alice.sessions.values_list("session_key")) == [(hash_of(here),)]
    assert mailoutbox[-1].to == ["alice@example.com"]


def test_a_first_password_signs_every_other_device_out(here, other, alice, mailoutbox):
    User.objects.filter(pk=alice.pk).update(password="!")
    for browser in (here, other):
        browser.force_login(User.objects.get(pk=alice.pk))
    here.post("/accounts/password/set/", {"password1": NEW, "password2": NEW})
    assert here.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302
    assert [mail.subject for mail in mailoutbox] == ["Your password was set"]


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_undone_is_not_mailed(here, second_address, monkeypatch, mailoutbox):
    def collide(message, **options):
        queue(message, **options)
        raise IntegrityError

    monkeypatch.setattr("accounts.adapter.queue", collide)
    response = here.post(EMAIL, {"action_primary": "", "email": second_address.email})
    assert response.headers["Location"] == EMAIL
    assert mailoutbox == []
    assert not Mail.objects.filter(delivered=None).exists()


def test_changes_at_the_same_moment_are_settled_without_an_error(
    here, alice, second_address, mailoutbox
):
    EmailAddress.objects.create(user=alice, email="alice@home.example", verified=True)
    browsers = [Client(raise_request_exception=False) for _ in range(6)]
    for browser in browsers:
        browser.cookies = here.cookies

    def make(email, browser):
        return lambda: browser.post(EMAIL, {"action_primary": "", "email": email}).status_code

    addresses = ["alice@work.example", "alice@home.example", "alice@example.com"] * 2
    assert {302} >= set(at_once(*map(make, addresses, browsers)))
    primary = EmailAddress.objects.get(user=alice, primary=True)
    alice.refresh_from_db()
    assert primary.email == alice.email


@pytest.mark.django_db(transaction=True)
def test_two_new_passwords_at_the_same_moment_leave_one_of_them(here, alice):
    browsers = [Client(raise_request_exception=False) for _ in range(2)]
    for browser in browsers:
        browser.cookies = here.cookies

    def change(new, browser):
        return lambda: change_password(browser, new).status_code

    answers = at_once(change("blue-river-2027", browsers[0]), change("red-hill-2028", browsers[1]))
    assert set(answers) <= {200, 302, 400}
    alice.refresh_from_db()
    assert sum(map(alice.check_password, ["blue-river-2027", "red-hill-2028"])) == 1
