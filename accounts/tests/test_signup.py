"""Sign-up: name, address and password; then a code by email."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.tests.people import CODE, ERIN, SIGNUP, is_signed_in, mailed_code, sign_up
from config.tests.at_once import at_once

pytestmark = pytest.mark.django_db


def test_a_code_by_email_confirms_the_address_and_signs_in(client):
    assert sign_up(client).headers["Location"] == CODE
    assert not is_signed_in(client)
    response = client.post(CODE, {"code": mailed_code()})
    assert response.headers["Location"] == "/organizations/last/"
    assert is_signed_in(client)
    erin = User.objects.get()
    assert (erin.name, erin.email) == ("Erin Example", "erin@example.com")
    address = EmailAddress.objects.get()
    assert (address.email, address.verified, address.primary) == ("erin@example.com", True, True)


def test_three_wrong_codes_end_the_attempt(client):
    sign_up(client)
    code = mailed_code()
    wrong = "000000" if code != "000000" else "000001"
    for _ in range(2):
        assert "not the code of our latest email" in client.post(CODE, {"code": wrong}).text
    assert client.post(CODE, {"code": wrong}).headers["Location"] == "/accounts/login/"
    client.post(CODE, {"code": code})
    assert not is_signed_in(client)


def test_a_new_code_replaces_the_old_one(client):
    sign_up(client)
    old = mailed_code()
    cache.clear()  # ten seconds later
    client.post(CODE, {"action": "resend"})
    assert len(mail.outbox) == 2
    new = mailed_code()
    if new != old:
        client.post(CODE, {"code": old})
        assert not is_signed_in(client)
    client.post(CODE, {"code": new})
    assert is_signed_in(client)


def test_whoever_left_before_the_code_gets_a_new_one_by_signing_in(client):
    sign_up(client)
    cache.clear()
    later = Client()
    response = later.post(
        "/accounts/login/", {"login": ERIN["email"], "password": ERIN["password1"]}
    )
    assert response.headers["Location"] == CODE
    later.post(CODE, {"code": mailed_code()})
    assert is_signed_in(later)


def test_a_known_address_gets_the_same_answer_and_another_email(client, alice):
    def code_page(visitor, email):
        assert sign_up(visitor, email=email).headers["Location"] == CODE
        page = visitor.get(CODE).text.replace(email, "…")
        return re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]+"', "", page)

    assert code_page(client, "alice@example.com") == code_page(Client(), "erin@example.com")
    assert mail.outbox[0].subject == "You have an account already"
    client.post(CODE, {"code": "123456"})
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "typed", ["ERIN@Example.com", " erin@example.com ", "ｅｒｉｎ＠example．com"]
)
def test_one_mailbox_is_one_account_however_it_is_typed(client, typed):
    sign_up(Client())
    cache.clear()
    sign_up(client, email=typed)
    assert User.objects.get().email == "erin@example.com"
    assert mail.outbox[-1].to == ["erin@example.com"]


@pytest.mark.django_db(transaction=True)
def test_eight_sign_ups_with_one_address_at_once_make_one_person():
    def visit():
        response = sign_up(Client(raise_request_exception=False), email="Erin@example.com")
        return response.status_code, response.headers.get("Location")

    answers = set(at_once(*[visit] * 8))
    assert User.objects.get().email == "erin@example.com"
    assert EmailAddress.objects.get().user == User.objects.get()
    # allauth sends one email per address in ten seconds; who comes in between waits.
    assert answers <= {(302, CODE), (429, None)}
    assert (302, CODE) in answers


def test_a_failure_halfway_leaves_nothing(client, monkeypatch):
    def fail(*args):
        raise RuntimeError

    monkeypatch.setattr("allauth.account.forms.setup_user_email", fail)
    with pytest.raises(RuntimeError):
        sign_up(client)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "\u00a0\u2003",
        "\u3164",
        "...",
        "Er\u202ein",
        "Er\u200bin",
        "Er\x07in",
        "Erin\r\nBcc: all@example.com",
        "Er\0in",
        "x" * 101,
        "x" * 1_000_000,
    ],
    ids=lambda name: ascii(name[:12]),
)
def test_a_name_must_be_seen_and_fit(client, name):
    response = sign_up(client, name=name)
    assert response.context["form"].errors.keys() == {"name"}
    assert response.context["form"]["email"].value() == "erin@example.com"
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "name", ["O’Neill-Ñandú 3.", "李小龙", "محمد", "🦊 Fox", "é" * 100], ids=ascii
)
def test_any_visible_name_will_do(client, name):
    sign_up(client, name=name)
    assert User.objects.get().name == name


@pytest.mark.parametrize(
    "email",
    [
        "",
        "erin",
        "erin@",
        "e\0rin@example.com",
        "erin@example.com\nBcc: x@example.com",
        "x" * 250 + "@example.com",
        "x" * 1_000_000,
        "erin@exam ple.com",
        "<b>@example.com>",
    ],
    ids=lambda email: ascii(email[:24]),
)
def test_a_bad_address_is_refused_and_what_was_typed_is_kept(client, email):
    response = sign_up(client, email=email)
    form = response.context["form"]
    assert form.errors.keys() == {"email"}
    assert form["email"].value() == email
    assert form["name"].value() == "Erin Example"
    assert ERIN["password1"] not in response.text
    assert not User.objects.exists()


def test_half_a_character_is_no_error_of_ours(client):
    body = b"name=Er%ED%A0%80in&email=e%ED%A0%80@example.com&password1=%ED%A0%80-field-2026"
    response = client.post(SIGNUP, body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 200
    assert client.get(f"{SIGNUP}?email=%ED%A0%80@example.com&next=%ED%A0%80").status_code == 200


def test_the_name_of_a_stranger_is_in_no_email(client):
    sign_up(client, name="Win 1000 at evil.example")
    assert "evil" not in mail.outbox[0].message().as_string()
