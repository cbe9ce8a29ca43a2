"""Sign-up, sign-in and reset, listened to by every logger at its loudest."""

import logging
from io import StringIO

import pytest
from django.test import Client
from pythonjsonlogger.json import JsonFormatter

from accounts.models import Session
from accounts.tests.people import CODE, ERIN, RESET, mailed_code, mailed_link, sign_in, sign_up
from config import logs

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(caplog):
    """What production's log would hold, were everything at DEBUG but Django.

    Its templates would log all that they know, at DEBUG, for each variable they miss.
    """
    for name in (None, "accounts", "allauth", "config", "orgs", "waitlist"):
        caplog.set_level(logging.DEBUG, logger=name)
    handler = logging.StreamHandler(StringIO())
    handler.addFilter(logs.DiscreetFilter())
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield handler.stream.getvalue
    logging.getLogger().removeHandler(handler)


def test_no_password_code_link_or_key_is_logged(heard):
    client = Client(raise_request_exception=False)
    secrets = {ERIN["password1"], "wrong-password", "blue-river-2027"}

    def remember_cookies():
        secrets.update(cookie.value for cookie in client.cookies.values())
        secrets.update(Session.objects.values_list("session_key", flat=True))

    sign_up(client)
    secrets.add(code := mailed_code())
    client.post(CODE, {"code": "not the code"})
    client.post(CODE, {"code": code})
    remember_cookies()
    client.post("/accounts/logout/")
    sign_in(client, ERIN["email"], "wrong-password")
    sign_in(client, ERIN["email"], ERIN["password1"])
    remember_cookies()
    client.post("/accounts/logout/")
    client.post(RESET, {"email": ERIN["email"]})
    link = mailed_link()
    secrets.add(link)
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "short", "password2": "short"})
    client.post(form, {"password1": "blue-river-2027", "password2": "blue-river-2027"})
    client.get(link)
    client.get(link + "missing/")
    remember_cookies()

    text = heard()
    assert "/accounts/password/reset/" in text
    assert [secret for secret in secrets if secret and secret in text] == []
