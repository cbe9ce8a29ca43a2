"""The second step of signing in: whom it asks, what it takes, and that nothing leads around it."""

import json
import time
from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.internal.flows import trust
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client

from accounts import limits
from accounts.mfa import codes
from accounts.mfa.factors import has_second_factor
from accounts.models import User
from accounts.signin.reauthentication import CONFIRMED_AT
from accounts.tests.factors import (
    AUTHENTICATE,
    REAUTHENTICATE,
    App,
    recovery_codes,
    same_browser,
    url,
)
from accounts.tests.people import RESET, is_signed_in, mailed_code, mailed_link, sign_in
from config.tests.at_once import at_once, side_by_side

pytestmark = pytest.mark.usefixtures("same_half_minute")

TRUST = "/accounts/2fa/trust/"
NEW_PASSWORD = "blue-river-2027"
DAY = 24 * 60 * 60


@pytest.fixture
def app(alice):
    """Alice's authenticator app."""
    return App(alice)


def answer(client, code):
    return client.post(AUTHENTICATE, {"code": code})


def test_recovery_codes_alone_are_no_second_factor(alice):
    recovery_codes(alice)
    assert not has_second_factor(alice)


def test_an_authenticator_app_is_a_second_factor(app, alice, bob):
    assert has_second_factor(alice)
    assert not has_second_factor(bob)


def test_sign_in_asks_for_the_code_of_the_app(client, app):
    assert sign_in(client).url == AUTHENTICATE
    assert not is_signed_in(client)
    assert "was not accepted" in answer(client, app.wrong_code()).content.decode()
    assert not is_signed_in(client)
    answer(client, app.code())
    client.post(TRUST, {"action": "skip"})
    assert is_signed_in(client)


def test_next_page_survives_the_second_step(client, app):
    sign_in(client, next_page="/account/")
    answer(client, app.code())
    assert client.post(TRUST, {"action": "skip"}).url == "/account/"


@pytest.mark.parametrize("steps", [-1, 1])
def test_a_clock_may_be_half_a_minute_wrong(client, app, steps):
    sign_in(client)
    assert answer(client, app.code(steps)).url == TRUST


@pytest.mark.parametrize("code", ["", "1" * 1000, "\0", "１２３４５６", "abc", "-1"])
def test_what_is_no_code_is_answered_in_words(client, app, code):
    sign_in(client)
    response = answer(client, code)
    assert response.status_code == 200
    assert "id_code_error" in response.content.decode()


# Codes are taken once


def test_a_code_works_once(client, app):
    code = app.code()
    sign_in(client)
    answer(client, code)
    sign_in(other := Client())
    assert "works once" in answer(other, code).content.decode()
    assert not is_signed_in(other)


def test_a_used_code_does_not_confirm_a_change_either(client, app, alice):
    code = app.code()
    sign_in(client)
    answer(client, code)
    client.force_login(alice)
    assert "works once" in client.post(REAUTHENTICATE, {"code": code}).content.decode()


def test_an_earlier_code_is_refused_after_a_later_one(client, app):
    sign_in(client)
    assert answer(client, app.code(1)).url == TRUST
    sign_in(other := Client())
    assert answer(other, app.code()).status_code == 200


def test_the_code_that_set_the_app_up_is_used(client, alice, mailoutbox):
    client.force_login(alice)
    app = set_up_app(client)
    assert has_second_factor(alice)
    client.logout()
    sign_in(client)
    assert answer(client, app.code()).status_code == 200
    assert answer(client, app.code(1)).url == TRUST


@pytest.mark.django_db(transaction=True)
def test_of_two_uses_of_a_code_at_the_same_moment_one_passes(app, alice, monkeypatch):
    code = app.code()
    monkeypatch.setattr(codes, "_step_of", side_by_side(codes._step_of))
    assert sorted(at_once(*[lambda: codes.use_step(alice, code)] * 2)) == [False, True]


# Nothing leads around the second step


def test_a_password_reset_does_not_skip_it(client, app, alice):
    client.post(RESET, {"email": alice.email})
    form = client.get(mailed_link()).url
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert not is_signed_in(client)
    assert sign_in(client, password=NEW_PASSWORD).url == AUTHENTICATE


def test_a_code_by_email_does_not_skip_it(client, app, alice):
    client.post("/accounts/login/code/", {"email": alice.email})
    response = client.post("/accounts/login/code/confirm/", {"code": mailed_code()})
    assert response.url == AUTHENTICATE
    assert not is_signed_in(client)


def test_a_step_that_was_not_begun_leads_to_sign_in(client, db):
    assert client.get(AUTHENTICATE).url == "/accounts/login/"
    assert client.post(TRUST, {"action": "trust"}).url == "/accounts/login/"


def test_trust_cannot_be_had_before_the_step(client, app):
    sign_in(client)
    client.post(TRUST, {"action": "trust"})
    assert not is_signed_in(client)
    assert trust_cookie(client) is None


# Trusted browsers


def trust_this_browser(client, app):
    sign_in(client)
    answer(client, app.code())
    client.post(TRUST, {"action": "trust"})
    client.post("/accounts/logout/")


def trust_cookie(client):
    return client.cookies.get("trusted")


def test_a_trusted_browser_is_asked_no_second_time(client, app):
    trust_this_browser(client, app)
    sign_in(client)
    assert is_signed_in(client)
    assert trust_cookie(client)["max-age"] == 30 * DAY


def test_nobody_is_trusted_who_did_not_ask_for_it(client, app):
    sign_in(client)
    answer(client, app.code())
    client.post(TRUST, {"action": "skip"})
    assert trust_cookie(client) is None


def test_trust_ends_after_30_days(client, app, monkeypatch):
    trust_this_browser(client, app)
    later = time.time() + 30 * DAY + 60
    monkeypatch.setattr(trust.time, "time", lambda: later)
    assert sign_in(client).url == AUTHENTICATE


def test_a_browser_trusted_by_alice_is_nothing_for_bob(client, app, bob):
    App(bob)
    trust_this_browser(client, app)
    assert sign_in(client, bob.email).url == AUTHENTICATE


def test_two_people_may_trust_one_browser(client, app, bob):
    trust_this_browser(client, app)
    bobs = App(bob)
    sign_in(client, bob.email)
    answer(client, bobs.code())
    client.post(TRUST, {"action": "trust"})
    client.post("/accounts/logout/")
    sign_in(client)
    assert is_signed_in(client)


def test_a_trust_cookie_cannot_be_made_up(client, app):
    trust_this_browser(client, app)
    client.cookies["trusted"] = json.dumps([["f" * 64, time.time()]])
    assert sign_in(client).url == AUTHENTICATE


def test_trust_ends_with_the_password(client, app, alice):
    trust_this_browser(client, app)
    alice.set_password(NEW_PASSWORD)
    alice.save()
    assert sign_in(client, password=NEW_PASSWORD).url == AUTHENTICATE


def test_trust_ends_with_another_second_factor(client, app, alice):
    trust_this_browser(client, app)
    Authenticator.objects.filter(user=alice).delete()
    App(alice)
    assert sign_in(client).url == AUTHENTICATE


def test_trust_ends_with_new_recovery_codes(client, app, alice):
    trust_this_browser(client, app)
    recovery_codes(alice)
    assert sign_in(client).url == AUTHENTICATE


def test_trust_ends_when_the_person_signs_out_everywhere(client, app, alice):
    trust_this_browser(client, app)
    User.objects.get(pk=alice.pk).sign_out_everywhere()
    assert sign_in(client).url == AUTHENTICATE
    assert answer(client, app.code(1)).url == TRUST  # the app itself goes on


# One count of failures


def test_ten_failures_with_whatever_factor_end_in_a_pause(client, app, alice):
    recovery = recovery_codes(alice)
    for at in range(10):
        # Each from an address and in a sign-in of its own.
        browser = Client(REMOTE_ADDR=f"10.0.0.{at}")
        sign_in(browser)
        code = app.wrong_code() if at % 2 else "00000000"  # as long as a recovery code
        assert answer(browser, code).status_code == 200
    sign_in(client)
    for code in (app.code(), recovery[0]):
        response = answer(client, code)
        assert response.status_code == 429
        assert 800 < int(response["Retry-After"]) <= 900
        assert "Try again in 15 minutes" in response.content.decode()
    client.force_login(alice)
    assert client.post(REAUTHENTICATE, {"code": app.code()}).status_code == 429


def test_a_right_code_does_not_make_earlier_failures_good(client, app, alice):
    fail(alice, times=9)
    sign_in(client)
    assert answer(client, app.code()).url == TRUST
    fail(alice, times=1)
    sign_in(other := Client())
    assert answer(other, app.code(1)).status_code == 429


def test_failures_are_counted_for_each_person_apart(client, app, alice, bob):
    fail(bob, times=10)
    sign_in(client)
    assert answer(client, app.code()).url == TRUST


def test_wrong_passwords_are_counted_apart(client, app, alice):
    for _ in range(4):
        sign_in(client, password="wrong")
    fail(alice, times=9)
    sign_in(client)
    assert answer(client, app.code()).url == TRUST


@pytest.mark.django_db(transaction=True)
def test_of_guesses_at_the_same_moment_no_more_are_looked_at(client, app, alice):
    fail(alice, times=8)
    sign_in(client)
    guesses = [lambda: answer(same_browser(client), "00000000")] * 5
    assert sorted(page.status_code for page in at_once(*guesses)) == [200, 200, 429, 429, 429]


def fail(user, times):
    """Count so many wrong codes of this person."""
    for _ in range(times):
        limits.count("second_factor", f"mfa-auth-user-{user.pk}", amount=10, seconds=15 * 60)


# Changes


def set_up_app(client):
    """Set an app up as the page says, and return it."""
    client.get(url("activate_totp"))
    app = App(secret=client.session["mfa.totp.secret"])
    client.post(url("activate_totp"), {"code": app.code()})
    return app


def test_setting_an_app_up_takes_one_of_its_codes(client, alice):
    client.force_login(alice)
    client.get(url("activate_totp"))
    app = App(secret=client.session["mfa.totp.secret"])
    page = client.post(url("activate_totp"), {"code": app.wrong_code()}).content.decode()
    assert "was not accepted" in page
    assert app.secret[:4] in page  # the same secret is offered again
    assert not has_second_factor(alice)


@pytest.mark.django_db(transaction=True)
def test_setting_up_twice_at_the_same_moment_leaves_one_app(client, alice):
    client.force_login(alice)
    client.get(url("activate_totp"))
    app = App(secret=client.session["mfa.totp.secret"])
    tries = [lambda: same_browser(client).post(url("activate_totp"), {"code": app.code()})] * 3
    assert {page.status_code for page in at_once(*tries)} == {302}
    assert Authenticator.objects.filter(user=alice, type="totp").count() == 1


def test_the_page_shows_the_secret_as_a_picture_and_to_type(client, alice):
    client.force_login(alice)
    page = client.get(url("activate_totp")).content.decode()
    secret = client.session["mfa.totp.secret"]
    assert 'src="data:image/svg+xml;base64,' in page
    assert " ".join(secret[at : at + 4] for at in range(0, 32, 4)) in page
    assert f"issuer={quote(settings.SITE_NAME)}" in page


def test_nothing_readable_is_in_the_table(client, alice):
    client.force_login(alice)
    app = set_up_app(client)
    kept = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    recovery = Authenticator.objects.get(type="recovery_codes").wrap()
    assert app.secret not in kept
    assert not [code for code in recovery.generate_codes() if code in kept]
    for token in ("secret", "seed"):
        assert f'"{token}": "gAAAA' in kept  # Fernet's mark


def test_the_owner_is_told_of_each_change(client, alice, mailoutbox):
    client.force_login(alice)
    set_up_app(client)
    client.post(url("generate_recovery_codes"))
    client.post(url("deactivate_totp"))
    assert [mail.subject for mail in mailoutbox] == [
        "An authenticator app was added to your account",
        "New recovery codes for your account",
        "The authenticator app was removed from your account",
    ]
    assert all("If not, choose a new password now" in mail.body for mail in mailoutbox)


def test_recovery_codes_go_with_the_last_second_factor(client, app, alice):
    recovery_codes(alice)
    client.force_login(alice)
    client.post(url("deactivate_totp"))
    assert not Authenticator.objects.filter(user=alice).exists()


@pytest.mark.parametrize(
    "page",
    [
        "activate_totp",
        "deactivate_totp",
        "generate_recovery_codes",
        "view_recovery_codes",
        "add_webauthn",
    ],
)
def test_changing_second_factors_needs_a_fresh_sign_in(client, alice, page):
    if page != "activate_totp":
        App(alice)
        recovery_codes(alice)
    client.force_login(alice)
    session = client.session
    session[CONFIRMED_AT] = time.time() - 11 * 60
    session.save()
    assert client.get(url(page)).url.startswith("/accounts/reauthenticate/?next=")
    if page != "view_recovery_codes":
        assert client.post(url(page)).url.startswith("/accounts/reauthenticate/?next=")


@pytest.mark.parametrize("page", ["index", "activate_totp", "list_webauthn", "add_webauthn"])
def test_pages_of_second_factors_are_for_the_signed_in(client, db, page):
    assert client.get(url(page)).url.startswith("/accounts/login/?next=")


def test_somebody_with_an_unconfirmed_address_sets_nothing_up(client, alice):
    EmailAddress.objects.create(user=alice, email="elsewhere@example.com", verified=False)
    client.force_login(alice)
    response = client.get(url("activate_totp"), follow=True)
    assert "Confirm all of your email addresses first" in response.content.decode()


def test_overview_takes_few_statements(client, app, alice, django_assert_num_queries):
    recovery_codes(alice)
    client.force_login(alice)
    # session with person, factors, any factor?, and two for the sidebar of who has no organization
    with django_assert_num_queries(5):
        page = client.get(url("index")).content.decode()
    assert "10 of 10 are left" in page
    assert "Remove the app" in page
