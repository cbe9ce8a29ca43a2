"""Every form of an account, given what no browser would send: an answer in words, never a 500."""

import itertools
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factors import AUTHENTICATE, App
from accounts.tests.people import (
    CODE,
    ERIN,
    LOGIN,
    RESET,
    SIGNUP,
    is_signed_in,
    mailed_code,
    mailed_link,
    sign_in,
    sign_up,
)
from config.cast import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.slow]  # walks every page

NEW_PASSWORDS = {"password1": "blue-river-2027", "password2": "blue-river-2027"}
VISITORS = {  # where, and what a person would type
    "sign-up": (SIGNUP, ERIN),
    "sign-in": (LOGIN, {"login": "alice@example.com", "password": "a guess"}),
    "reset": (RESET, {"email": "alice@example.com"}),
    "sign-in by code": ("/accounts/login/code/", {"email": "alice@example.com"}),
}
STEPS = {
    "confirm email": (CODE, {"code": "123456"}),
    "second step": (AUTHENTICATE, {"code": "123456"}),
    "reset by link": (None, NEW_PASSWORDS),
}
SIGNED_IN = {
    "profile": ("/account/profile/", {"name": "Alice", "time_zone": "UTC"}),
    "add email": ("/accounts/email/", {"action_add": "", "email": "new@example.com"}),
    "remove email": ("/accounts/email/", {"action_remove": "", "email": "alice@example.com"}),
    "change password": ("/accounts/password/change/", {"oldpassword": "a guess", **NEW_PASSWORDS}),
    "confirm that it is you": ("/accounts/reauthenticate/", {"password": "a guess"}),
    "erase": ("/account/data/erase/", {"email": "someone@example.com"}),
    "set up an app": ("/accounts/2fa/totp/activate/", {"code": "123456"}),
    "name a passkey": ("/accounts/2fa/webauthn/add/", {"name": "Phone", "credential": "{}"}),
    "connect": ("/accounts/3rdparty/", {"account": "1"}),
}
FORMS = VISITORS | STEPS | SIGNED_IN


@pytest.fixture(params=FORMS)
def form(request, client, alice):
    """One form in a browser that has come to it: its address, and what a person would type."""
    url, typed = FORMS[request.param]
    if request.param in SIGNED_IN:
        sign_in(client)
    if request.param == "confirm email":
        sign_up(client)
    if request.param == "second step":
        App(alice)
        sign_in(client)
    if request.param == "reset by link":
        client.post(RESET, {"email": alice.email})
        url = client.get(mailed_link()).headers["Location"]
    return url, typed


BAD = [
    b"a%00b",
    b"%ED%A0%80",  # half a surrogate pair
    b"%FF%FE",  # no UTF-8
    b"%F3%A0%81%81",  # an invisible tag
    b"x" * 100_000,
]
UNDERSTOOD = (200, 302, 400, 403, 404)


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


def test_no_character_in_any_field_is_an_error_of_ours(client, form):
    url, typed = form
    for name, bad in itertools.product(typed, BAD):
        body = urlencode(typed | {name: ""}).encode() + b"&" + name.encode() + b"=" + bad
        answer = client.post(url, body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in UNDERSTOOD


def test_far_too_much_is_refused_with_a_page(client, form):
    url, typed = form
    large = {"more": "x" * 10_000_000}
    many = {f"field-{number}": "" for number in range(1001)}
    answers = [client.post(url, typed | much) for much in (large, many)]
    assert [answer.status_code for answer in answers] == [413, 400]
    assert all("<h1>" in answer.text for answer in answers)


def test_what_no_browser_sends_is_no_error_of_ours(client, form):
    url, typed = form
    assert client.post(url).status_code in UNDERSTOOD
    twice = {name: [value, value] for name, value in typed.items()}
    assert client.post(url, twice).status_code in UNDERSTOOD
    for body in (b"{}", b"[", b"\xff"):
        answer = client.post(url, body, content_type="application/json")
        assert answer.status_code in UNDERSTOOD


@pytest.mark.parametrize("host", ["evil.example", "testserver@evil.example", "a\nb", "[", "a:b:c"])
def test_a_forged_host_is_refused_and_no_email_leads_there(client, alice, mailoutbox, host):
    for url, typed in VISITORS.values():
        assert client.post(url, typed, headers={"Host": host}).status_code == 400
    assert not mailoutbox


def test_a_forwarded_host_is_not_believed(client, alice, mailoutbox):
    client.post(RESET, {"email": alice.email}, headers={"X-Forwarded-Host": "evil.example"})
    assert "http://testserver/" in mailoutbox[0].body
    assert "evil" not in mailoutbox[0].body


ELSEWHERE = ["https://evil.example/", "//evil.example", "/\\evil.example", "http:///evil.example"]


def led_to(answer):
    return answer.headers.get("Location", "")


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_flow_leads_to_another_host(client, alice, target):
    answers = [client.post(SIGNUP, ERIN | {"next": target})]
    answers.append(client.post(CODE, {"code": mailed_code(), "next": target}))
    assert is_signed_in(client)
    answers.append(client.post(f"/accounts/logout/?next={target}", {"next": target}))
    answers.append(Client().post("/accounts/login/code/", {"email": alice.email, "next": target}))
    answers.append(sign_in(client, next_page=target))
    answers.append(client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": target}))
    assert [answer.status_code for answer in answers] == [302] * len(answers)
    assert all(led_to(answer).startswith("/") for answer in answers)
    assert not [answer for answer in answers if led_to(answer).startswith(("//", "/\\"))]


@pytest.mark.parametrize("email", ["erin+news@example.com", "Erin+News@Example.com"])
def test_a_tag_is_part_of_the_address(client, email):
    sign_up(client)
    sign_up(Client(), email=email)
    emails = list(User.objects.values_list("email", flat=True).order_by("email"))
    assert emails == ["erin+news@example.com", "erin@example.com"]


def test_an_address_that_only_looks_like_anothers_is_another(client, alice, mailoutbox):
    looks_alike = "\u0430lice@example.com"  # begins with a Cyrillic letter
    sign_up(client, email=looks_alike)
    assert "alice@example.com" not in [address for mail in mailoutbox for address in mail.to]
    assert [address.email for address in alice.emailaddress_set.all()] == ["alice@example.com"]


def test_a_code_confirms_one_address_once(client):
    sign_up(client)
    code = mailed_code()
    assert client.post(CODE, {"code": code}).status_code == 302
    client.post("/accounts/logout/")
    again = client.post(CODE, {"code": code})
    assert again.status_code == 302
    assert not is_signed_in(client)
