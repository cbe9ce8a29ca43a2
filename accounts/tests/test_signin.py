"""Sign-in, password reset and what follows them."""

import pytest
from django.contrib.messages import get_messages
from django.core import mail

from accounts.tests.people import (
    LOGIN,
    RESET,
    SIGNUP,
    is_signed_in,
    mailed_link,
    sign_in,
)
from config.cast import PASSWORD

pytestmark = pytest.mark.django_db

TYPED = ["ALICE@Example.com", "  alice@example.com ", "ａｌｉｃｅ＠ｅｘａｍｐｌｅ．ｃｏｍ"]
BAD_ADDRESSES = ["", "alice", "a\0@example.com", "x" * 1_000_000, "alice@example.com\nBcc: x@y.z"]


def new_password(client, link, password):
    """Open the link of a reset email and fill in the form."""
    page = client.get(link, follow=True)
    return client.post(page.redirect_chain[-1][0], {"password1": password, "password2": password})


def test_tab_reaches_the_password_before_the_link_to_its_reset(client, alice):
    sign_in = client.get(LOGIN).text
    client.force_login(alice)
    change = client.get("/accounts/password/change/").text
    for page, last in [(sign_in, 'name="password"'), (change, 'name="password2"')]:
        assert last in page[: page.index(f'href="{RESET}"')]


@pytest.mark.parametrize("email", TYPED)
def test_the_address_may_be_typed_in_any_way(client, alice, email):
    sign_in(client, email)
    assert is_signed_in(client)


@pytest.mark.parametrize("email", TYPED)
def test_a_reset_finds_the_account_however_the_address_is_typed(client, alice, email):
    client.post(RESET, {"email": email})
    assert mail.outbox[0].to == ["alice@example.com"]
    assert mail.outbox[0].subject == "Choose a new password"


@pytest.mark.parametrize("email", BAD_ADDRESSES, ids=lambda email: ascii(email[:24]))
@pytest.mark.parametrize(("page", "field"), [(LOGIN, "login"), (RESET, "email")])
def test_a_bad_address_is_refused_and_kept(client, page, field, email):
    response = client.post(page, {field: email, "password": PASSWORD})
    assert response.status_code == 200
    form = response.context["form"]
    assert field in form.errors
    assert form[field].value() == email
    assert PASSWORD not in response.text


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_address_get_one_answer(client, alice, email):
    response = sign_in(client, email, "wrong-password")
    [error] = response.context["form"].non_field_errors()
    assert error == "The email address or the password is wrong."


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "http://[evil",
        "javascript:alert(1)",
        "\x00/account/",
        "https://testserver:password@evil.example/",
    ],
)
def test_a_next_page_on_another_host_is_ignored(client, alice, target):
    assert sign_in(client, next_page=target).headers["Location"] == "/organizations/last/"
    assert client.get(LOGIN, {"next": target}).headers["Location"] == "/organizations/last/"


def test_a_next_page_of_ours_is_obeyed(client, alice):
    assert sign_in(client, next_page="/account/?a=b").headers["Location"] == "/account/?a=b"


def test_a_person_switched_off_is_told_so(client, alice):
    alice.is_active = False
    alice.save()
    response = sign_in(client)
    assert response.headers["Location"] == "/accounts/inactive/"
    assert "switched off" in client.get("/accounts/inactive/").text
    assert not is_signed_in(client)


def test_a_reset_sets_a_new_password_and_tells_the_owner(client, alice):
    client.post(RESET, {"email": "alice@example.com"})
    link = mailed_link()
    new_password(client, link, "blue-river-2027")
    assert mail.outbox[-1].subject == "Your password was changed"
    sign_in(client)
    assert not is_signed_in(client)
    sign_in(client, password="blue-river-2027")
    assert is_signed_in(client)
    client.post("/accounts/logout/")
    assert client.get(link, follow=True).context["token_fail"]


@pytest.mark.parametrize("password", ["short", "x" * 129, "alice@example.com"])
def test_a_reset_judges_the_password_as_sign_up_does(client, alice, password):
    client.post(RESET, {"email": "alice@example.com"})
    response = new_password(client, mailed_link(), password)
    assert "password1" in response.context["form"].errors


def test_a_reset_of_an_unknown_address_looks_the_same(client, alice):
    known = client.post(RESET, {"email": "alice@example.com"}, follow=True)
    unknown = client.post(RESET, {"email": "nobody@example.com"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain
    assert [message.to for message in mail.outbox] == [
        ["alice@example.com"],
        ["nobody@example.com"],
    ]
    assert list(get_messages(known.wsgi_request)) == list(get_messages(unknown.wsgi_request))


@pytest.mark.parametrize(
    "page",
    [
        "/",
        "/account/",
        "/account/profile/",
        "/accounts/email/",
        "/accounts/password/change/",
        LOGIN,
    ],
)
def test_what_a_signed_in_person_sees_is_kept_nowhere(client, alice, page):
    sign_in(client)
    assert {"private", "no-store"} <= cache_control(client.get(page))


@pytest.mark.parametrize("page", [LOGIN, SIGNUP])
def test_the_forms_for_passwords_are_kept_nowhere(client, page):
    assert {"private", "no-store"} <= cache_control(client.get(page))


def test_the_page_for_the_code_and_the_reset_are_kept_nowhere(client, alice):
    client.post(SIGNUP, {"name": "Erin", "email": "erin@example.com", "password1": PASSWORD})
    assert {"private", "no-store"} <= cache_control(client.get("/accounts/confirm-email/"))
    client.cookies.clear()
    client.post(RESET, {"email": "alice@example.com"})
    page = client.get(mailed_link(), follow=True)
    assert {"private", "no-store"} <= cache_control(page)


def test_a_page_for_everybody_may_be_kept(client):
    assert client.get("/").headers.get("Cache-Control") is None


def cache_control(response):
    return set(response.headers["Cache-Control"].split(", "))
