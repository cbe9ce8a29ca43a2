"""Passkeys: as the only credential, as a second factor, and what they cannot be talked into."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factors import (
    Passkey,
    question_of,
    sign_in_by_passkey,
    url,
)
from accounts.tests.people import ERIN, is_signed_in, mailed_code

SIGNUP = "/accounts/signup/passkey/"


@pytest.fixture
def client():
    """At localhost: passkeys are bound to a host, which has https or is this one."""
    return Client(headers={"host": "localhost"})


def test_sign_up_with_a_passkey_as_the_only_credential(client, db):
    passkey = Passkey()
    client.post(SIGNUP, {"name": ERIN["name"], "email": ERIN["email"]})
    client.post("/accounts/confirm-email/", {"code": mailed_code()})
    page = client.get(url("signup_webauthn"))
    client.post(
        url("signup_webauthn"), {"credential": passkey.answer_to(question_of(page)), "name": ""}
    )
    assert is_signed_in(client)
    erin = User.objects.get(email=ERIN["email"])
    assert erin.name == ERIN["name"]
    assert not erin.has_usable_password()

    client.logout()
    sign_in_by_passkey(client, passkey)
    assert is_signed_in(client)


def test_passkey_signs_in_without_password_or_further_step(client, alice):
    passkey = Passkey().added_to(alice)
    response = sign_in_by_passkey(client, passkey, next="/account/")
    assert response.url == "/account/"
    assert is_signed_in(client)
