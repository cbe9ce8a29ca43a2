"""A sign-in with a browser that a person has not used before is told to them by email."""

import pytest
from django.test import Client

from accounts.signin.known_devices import AGE, COOKIE, PEOPLE
from accounts.tests.people import CODE, ERIN, is_signed_in, mailed_code, sign_in, sign_up

pytestmark = pytest.mark.django_db

SUBJECT = "New sign-in to your account"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


def sign_in_again(client, email="alice@example.com"):
    client.post("/accounts/logout/")
    sign_in(client, email, HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="192.0.2.7")
    assert is_signed_in(client)


def told(mailoutbox):
    return [mail.to[0] for mail in mailoutbox if mail.subject == SUBJECT]


def test_a_new_device_is_told_once_with_when_where_and_what_to_do(client, alice, mailoutbox):
    sign_in_again(client)
    sign_in_again(client)
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == (["alice@example.com"], SUBJECT)
    for told_of in (
        "UTC",
        "192.0.2.7",
        "Firefox on Windows",
        "http://testserver/accounts/password/reset/",
    ):
        assert told_of in mail.body
    sign_in_again(Client())
    assert told(mailoutbox) == ["alice@example.com"] * 2


def test_each_person_on_one_browser_is_told_once(client, alice, bob, mailoutbox):
    for email in ("alice@example.com", "bob@example.com") * 2:
        sign_in_again(client, email)
    assert told(mailoutbox) == ["alice@example.com", "bob@example.com"]


def test_who_signs_up_is_not_told_of_it(client, mailoutbox):
    sign_up(client)
    client.post(CODE, {"code": mailed_code()})
    sign_in_again(client, ERIN["email"])
    assert told(mailoutbox) == []


def test_a_sign_in_by_code_counts_too(client, alice, mailoutbox):
    client.post("/accounts/login/code/", {"email": "alice@example.com"})
    client.post("/accounts/login/code/confirm/", {"code": mailed_code()})
    sign_in_again(client)
    assert told(mailoutbox) == ["alice@example.com"]


def test_only_who_gets_in_is_told(client, alice, mailoutbox):
    sign_in(client, password="wrong-password")
    assert mailoutbox == []
    assert COOKIE not in client.cookies


def test_the_cookie_lives_a_year_and_no_script_reads_it(client, alice, settings):
    settings.SESSION_COOKIE_SECURE = True
    sign_in(client)
    cookie = client.cookies[COOKIE]
    assert (cookie["max-age"], cookie["httponly"], cookie["secure"]) == (AGE, True, True)
    assert cookie["samesite"] == "Lax"
    assert str(alice.pk) not in cookie.value


@pytest.mark.parametrize(
    "cookie",
    ["", ".", "x" * 4000, "é;" * 32, "0" * 64],
    ids=["empty", "dot", "long", "rubbish", "guess"],
)
def test_a_made_up_cookie_makes_no_device_known(client, alice, mailoutbox, cookie):
    client.cookies[COOKIE] = cookie
    sign_in_again(client)
    assert told(mailoutbox) == ["alice@example.com"]
    assert len(client.cookies[COOKIE].value) < 4000


def test_the_mark_of_one_person_makes_no_device_known_to_another(client, alice, bob, mailoutbox):
    sign_in_again(client)
    other = Client()
    other.cookies[COOKIE] = client.cookies[COOKIE].value
    sign_in_again(other, "bob@example.com")
    assert told(mailoutbox) == ["alice@example.com", "bob@example.com"]


def test_a_new_secret_key_forgets_no_device(client, alice, settings, mailoutbox):
    sign_in_again(client)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-one-" * 5
    sign_in(client)
    sign_in_again(client)
    assert told(mailoutbox) == ["alice@example.com"]


def test_a_browser_remembers_ten_people_at_most(client, alice):
    others = [str(number) * 64 for number in range(PEOPLE)]
    client.cookies[COOKIE] = ".".join(others)
    sign_in(client)
    _, *kept = client.cookies[COOKIE].value.split(".")
    assert kept == others[: PEOPLE - 1]
