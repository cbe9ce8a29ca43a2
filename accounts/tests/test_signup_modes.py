"""SIGNUP_MODE says who may sign up; whoever holds a pass may in each of them."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import path

from accounts.models import User
from accounts.tests import test_signup_pass
from accounts.tests.people import ERIN, LOGIN, RESET, SIGNUP, is_signed_in, sign_in
from config.urls import urlpatterns as real_urlpatterns

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
urlpatterns = [
    path("invited/<str:email>/", test_signup_pass.open_invitation),
    *real_urlpatterns,
]

PASSKEY = "/accounts/signup/passkey/"
WAITLIST = 'href="/waitlist/"'
WAYS_UP = [f'href="{SIGNUP}"', f'href="{PASSKEY}"', "Create an account", "Sign up"]


@pytest.fixture(params=["invitation", "waitlist"])
def closed(request, settings):
    settings.SIGNUP_MODE = request.param
    return request.param


@pytest.mark.parametrize("page", [SIGNUP, PASSKEY])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_signs_up_without_a_pass(client, closed, page, method):
    response = getattr(client, method)(page, ERIN)
    assert "Open the link in your invitation again" in response.text
    assert "form" not in (response.context or {})
    assert (WAITLIST in response.text) is (closed == "waitlist")
    assert not User.objects.exists()
    assert mail.outbox == []


def test_a_pass_lets_in_for_its_own_address_alone(client, closed):
    client.get("/invited/erin@example.com/")
    client.post(SIGNUP, ERIN | {"email": "mallory@example.com"})
    assert User.objects.get().email == "erin@example.com"
    assert is_signed_in(client)


def test_a_pass_lets_nobody_else_in(client, closed):
    client.get("/invited/erin@example.com/")
    assert "invitation" in Client().post(SIGNUP, ERIN).text
    assert not User.objects.exists()


def test_a_used_pass_opens_sign_up_no_more(client, closed):
    client.get("/invited/erin@example.com/")
    client.post(SIGNUP, ERIN)
    client.post("/accounts/logout/")
    client.post(SIGNUP, ERIN | {"email": "frank@example.com"})
    assert User.objects.count() == 1


def test_people_still_sign_in(client, closed, alice):
    sign_in(client)
    assert is_signed_in(client)


@pytest.mark.parametrize("page", ["/", LOGIN, "/accounts/login/code/"])
def test_no_page_leads_to_a_closed_sign_up(client, closed, page):
    text = client.get(page).text
    assert [way for way in WAYS_UP if way in text] == []
    assert (WAITLIST in text) is (closed == "waitlist")


@pytest.mark.parametrize("page", ["/", LOGIN])
def test_pages_lead_to_an_open_sign_up(client, page):
    text = client.get(page).text
    assert f'href="{SIGNUP}"' in text
    assert WAITLIST not in text


def test_the_sign_in_page_leads_whoever_holds_a_pass_to_sign_up(client, closed):
    client.get("/invited/erin@example.com/")
    assert f'href="{SIGNUP}"' in client.get(LOGIN).text


@pytest.mark.parametrize(
    ("mode", "way"),
    [("open", "/accounts/signup/"), ("waitlist", "/waitlist/"), ("invitation", "")],
)
def test_the_email_to_an_unknown_address_leads_where_the_pages_do(client, settings, mode, way):
    settings.SIGNUP_MODE = mode
    client.post(RESET, {"email": "nobody@example.com"})
    links = [line for line in mail.outbox[0].body.splitlines() if "://" in line]
    assert links == ([f"http://testserver{way}"] if way else [])
