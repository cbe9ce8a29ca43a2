"""Somebody whose account is deleted in the middle of a sign-in is led back to its beginning."""

import pytest
from allauth.account.models import EmailAddress

from accounts.tests.factors import AUTHENTICATE, App
from accounts.tests.people import CODE, LOGIN, mailed_code, sign_in

pytestmark = pytest.mark.django_db


def ask_for_a_second_step(client, alice):
    App(alice)
    sign_in(client)
    return AUTHENTICATE


def ask_for_a_code(client, alice):
    client.post("/accounts/login/code/", {"email": alice.email})
    return "/accounts/login/code/confirm/"


def ask_to_confirm(client, alice):
    EmailAddress.objects.update(verified=False)
    sign_in(client)
    return CODE


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("ask", [ask_for_a_second_step, ask_for_a_code, ask_to_confirm])
def test_who_was_deleted_begins_anew(client, alice, mailoutbox, ask, method):
    page = ask(client, alice)
    code = mailed_code() if mailoutbox else "123456"
    assert client.get(page).status_code == 200
    alice.delete()
    answer = getattr(client, method)(page, {"code": code})
    assert (answer.status_code, answer.headers["Location"]) == (302, LOGIN)
    assert "changed while you signed in" in client.get(LOGIN).text
