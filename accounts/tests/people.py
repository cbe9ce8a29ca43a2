"""What a visitor does, step by step, for the tests of several files."""

import re

from django.core import mail

from config.cast import PASSWORD

SIGNUP = "/accounts/signup/"
PASSKEY_SIGNUP = "/accounts/signup/passkey/"
LOGIN = "/accounts/login/"
CODE = "/accounts/confirm-email/"
RESET = "/accounts/password/reset/"
ERIN = {"name": "Erin Example", "email": "erin@example.com", "password1": PASSWORD}


def sign_up(client, **changes):
    return client.post(SIGNUP, ERIN | changes)


def sign_in(client, email="alice@example.com", password=PASSWORD, next_page="", **request):
    form = {"login": email, "password": password, "next": next_page}
    return client.post(LOGIN, form, **request)


def mailed_code():
    """The six digits of the last email."""
    return re.search(r"^\d{6}$", mail.outbox[-1].body, re.M)[0]


def mailed_link():
    """The path of the link in the last email."""
    return re.search(r"^http://testserver(/\S+)$", mail.outbox[-1].body, re.M)[1]


def is_signed_in(client):
    return "_auth_user_id" in client.session
