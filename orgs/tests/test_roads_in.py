"""From an invitation's link through sign-up or sign-in into the organization, without a detour."""

import re
import time

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.models import User
from accounts.signin.reauthentication import CONFIRMED_AT, SUSPENDED
from accounts.tests.factors import (
    AUTHENTICATE,
    App,
    Passkey,
    question_of,
    sign_in_by_passkey,
)
from accounts.tests.people import ERIN, LOGIN, PASSKEY_SIGNUP, SIGNUP, mailed_code
from accounts.tests.test_social import github, running_site, site  # noqa: F401
from config.cast import PASSWORD
from orgs.models import Invitation, Membership
from orgs.tests.test_joining import enter, expire, sign_in_to_accept, unverify

JOINED = ("/o/acme/", 302)
HOUR = 60 * 60


def is_member(email="erin@example.com"):
    return Membership.objects.filter(user__email=email, organization__slug="acme").exists()


def ends(page):
    return page.redirect_chain[-1]


@pytest.mark.parametrize("mode", ["open", "invitation", "waitlist"])
def test_a_stranger_signs_up_with_a_password_and_is_in(mode, client, invite, settings):
    settings.SIGNUP_MODE = mode
    _, link = invite()
    entrance, onward = enter(client, link, "sign-up")
    form = client.get(entrance)
    assert 'value="erin@example.com"' in form.text
    assert onward in form.text
    assert ends(client.post(SIGNUP, ERIN | {"next": onward}, follow=True)) == JOINED
    assert is_member()
    assert len(mail.outbox) == 1  # the invitation; no second code
    assert EmailAddress.objects.get(email="erin@example.com").verified


def test_a_stranger_signs_up_with_a_passkey_and_is_in(invite):
    browser = Client(headers={"host": "localhost"})
    _, link = invite()
    entrance, onward = enter(browser, link, "sign-up")
    assert f"{PASSKEY_SIGNUP}?next=" in browser.get(entrance).text
    form = {"name": "Erin", "email": "erin@example.com", "next": onward}
    page = browser.post(PASSKEY_SIGNUP, form).url
    answer = Passkey().answer_to(question_of(browser.get(page)))
    assert ends(browser.post(page, {"credential": answer}, follow=True)) == JOINED
    assert is_member()
    assert len(mail.outbox) == 1


def test_a_stranger_who_was_refused_a_password_is_in_with_the_next_one(client, invite):
    _, link = invite()
    _, onward = enter(client, link, "sign-up")
    refused = client.post(SIGNUP, ERIN | {"password1": "1", "next": onward})
    assert onward in refused.text
    assert ends(client.post(SIGNUP, ERIN | {"next": onward}, follow=True)) == JOINED


def test_whoever_has_an_account_signs_in_and_is_in(client, erin, invite):
    _, link = invite()
    assert ends(sign_in_to_accept(client, link)) == JOINED
    assert is_member()


def test_a_wrong_password_in_between_loses_nothing(client, erin, invite):
    _, link = invite()
    _, onward = enter(client, link)
    form = {"login": "erin@example.com", "password": "wrong", "next": onward}
    assert onward in client.post(LOGIN, form).text
    assert ends(client.post(LOGIN, form | {"password": PASSWORD}, follow=True)) == JOINED


def test_a_second_factor_in_between_loses_nothing(client, erin, invite):
    app = App(erin)
    _, link = invite()
    sign_in_to_accept(client, link)
    client.post(AUTHENTICATE, {"code": app.code()})
    assert not is_member()
    assert ends(client.post("/accounts/2fa/trust/", {"action": "skip"}, follow=True)) == JOINED


def test_a_code_by_email_leads_in(client, erin, invite):
    _, link = invite()
    entrance, onward = enter(client, link)
    [by_code] = re.findall(r'href="(/accounts/login/code/\?next=[^"]+)"', client.get(entrance).text)
    sent = client.post(by_code, {"email": "erin@example.com", "next": onward})
    assert ends(client.post(sent.url, {"code": mailed_code(), "next": onward}, follow=True)) == (
        JOINED
    )


def test_a_passkey_leads_in(erin, invite):
    passkey = Passkey().added_to(erin)
    browser = Client(headers={"host": "localhost"})
    _, link = invite()
    _, onward = enter(browser, link)
    browser.get(sign_in_by_passkey(browser, passkey, next=onward).url)
    assert is_member()


@pytest.mark.parametrize("way", ["accept", "sign-up"])
def test_an_account_elsewhere_leads_in_a_stranger_too(way, client, invite, github):  # noqa: F811
    _, link = invite()
    _, onward = enter(client, link, way)
    back = github(client, ("erin@example.com", True, True), next=onward)
    assert client.get(back.url).url == "/o/acme/"
    assert is_member()


def test_whoever_signs_in_as_somebody_else_joins_nothing(client, charlie, erin, invite):
    _, link = invite()
    page = sign_in_to_accept(client, link, "charlie@example.com")
    assert page.status_code == 403
    assert "This invitation is for somebody else" in page.text
    assert "erin@example.com" not in page.text
    assert not is_member("charlie@example.com")
    assert ends(sign_in_to_accept(switched(client, link), link)) == JOINED


def switched(client, link):
    client.post(f"{link}switch/")
    return client


def test_what_waits_goes_on_once_and_in_this_browser_alone(client, erin, invite, signed_in):
    _, link = invite()
    _, onward = enter(client, link)
    assert signed_in(erin).get(onward).url == link  # whoever finds the address accepts nothing
    assert not is_member()
    client.force_login(erin)
    assert client.get(onward).url == "/o/acme/"
    Membership.objects.filter(user=erin).delete()
    assert client.get(onward).url == link
    assert not is_member()


def test_what_waited_too_long_says_so(client, erin, invite):
    invitation, link = invite()
    _, onward = enter(client, link)
    expire(invitation)
    client.force_login(erin)
    assert "This invitation has expired" in client.get(onward).text
    assert not is_member()


def test_a_stranger_who_pressed_sign_in_finds_the_way_to_sign_up(client, invite, settings):
    settings.SIGNUP_MODE = "invitation"
    _, link = invite()
    entrance, onward = enter(client, link)
    [sign_up] = re.findall(r'href="(/accounts/signup/\?next=[^"]+)"', client.get(entrance).text)
    assert 'value="erin@example.com"' in client.get(sign_up).text
    assert ends(client.post(SIGNUP, ERIN | {"next": onward}, follow=True)) == JOINED


def test_whoever_forgot_their_account_is_led_to_sign_in_and_is_in(client, erin, invite):
    _, link = invite()
    entrance, onward = enter(client, link, "sign-up")
    assert entrance.startswith(LOGIN)
    assert "erin@example.com has an account already. Sign in to join." in client.get(entrance).text
    form = {"login": "erin@example.com", "password": PASSWORD, "next": onward}
    assert ends(client.post(LOGIN, form, follow=True)) == JOINED


def test_the_page_does_not_show_who_has_an_account(client, invite, acme):
    _, link = invite()

    def page():
        return re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]+"', "", client.get(link).text)

    stranger = page()
    user = User.objects.create_user("erin@example.com", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True)
    assert page() == stranger


@pytest.mark.parametrize("age", [0, HOUR])
def test_an_address_of_ones_own_is_confirmed_by_a_code_that_leads_in(age, erin, invite, signed_in):
    EmailAddress.objects.create(user=erin, email="erin@home.example", verified=False)
    _, link = invite("erin@home.example")
    browser = signed_in(erin)
    session = browser.session
    session[CONFIRMED_AT] = time.time() - age  # a code is fresh enough for an invitation
    session.save()
    page = browser.post(f"{link}accept/")
    assert page.status_code == 403
    assert "Confirm your email address first" in page.text
    sent = browser.post(f"{link}confirm/")
    onward = browser.get(sent.url).context["redirect_field_value"]
    assert mail.outbox[-1].to == ["erin@home.example"]
    form = {"code": mailed_code(), "next": onward}
    assert ends(browser.post("/accounts/confirm-email/", form, follow=True)) == JOINED
    assert is_member()


def test_no_code_goes_to_an_address_of_somebody_else(charlie, invite, signed_in, mailoutbox):
    _, link = invite()
    assert signed_in(charlie).post(f"{link}confirm/").url == link
    assert len(mailoutbox) == 1


@pytest.mark.parametrize("action", ["accept", "decline", "switch"])
def test_nobody_answers_by_the_link_while_acting_as_somebody_else(
    action, erin, olivia, invite, signed_in
):
    _, link = invite()
    browser = acting_as(erin, signed_in(olivia))
    assert "Join Acme" in browser.get(link).text
    answer = browser.post(f"{link}{action}/")
    assert (answer.status_code, Invitation.objects.get().status) == (403, "pending")
    assert "Closed while you act as Erin Example" in answer.text
    assert signed_in(erin).post(f"{link}{action}/").status_code == 302


@pytest.mark.parametrize("action", ["accept", "decline"])
def test_nobody_answers_in_the_list_while_acting_as_somebody_else(
    action, erin, olivia, invite, signed_in
):
    invitation, _ = invite()
    browser, path = acting_as(erin, signed_in(olivia)), f"/invitations/{invitation.pk}/{action}/"
    assert path in browser.get("/invitations/").text
    assert browser.post(path).status_code == 403
    assert Invitation.objects.get().status == "pending"
    assert signed_in(erin).post(path).status_code == 302


def acting_as(person, browser):
    browser.post(f"/admin/accounts/user/{person.pk}/impersonate/", {"reason": "They asked"})
    return browser


def test_an_invitation_that_leads_nowhere_lets_nothing_wait(client, invite):
    invitation, link = invite()
    expire(invitation)
    for way in ("accept", "sign-up"):
        assert client.post(f"{link}{way}/").status_code == 410
    assert not {SUSPENDED, "signup_pass"} & {*client.session.keys()}


def test_a_squatters_account_is_taken_over_by_who_was_invited(client, erin, invite):
    """Of an account whose address nobody confirmed, nothing stays but the address."""
    unverify(invite()[0])
    link = f"/invitations/{mail.outbox[-1].body.split('/invitations/')[1].split('/')[0]}/"
    _, onward = enter(client, link, "sign-up")
    mine = ERIN | {"password1": "blue-river-2027", "next": onward}
    assert ends(client.post(SIGNUP, mine, follow=True)) == JOINED
    assert User.objects.get(pk=erin.pk).check_password("blue-river-2027")
