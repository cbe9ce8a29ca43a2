"""Signing up with somebody's address gives no access to what they later own.

The squatter's browser stays open all the while, with the sign-in that waits for the code.
"""

import pytest
from allauth.account.internal.flows.email_verification_by_code import (
    EMAIL_VERIFICATION_CODE_SESSION_KEY,
)
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client
from django.urls import path

from accounts.claims import owner_of
from accounts.models import Avatar, Session, User
from accounts.tests import test_signup_pass
from accounts.tests.people import (
    CODE,
    ERIN,
    RESET,
    is_signed_in,
    mailed_code,
    mailed_link,
    sign_in,
    sign_up,
)
from config.urls import urlpatterns as real_urlpatterns

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
urlpatterns = [
    path("invited/<str:email>/", test_signup_pass.open_invitation),
    *real_urlpatterns,
]

SQUATTED = "squatters-own-2026"
OWNED = "blue-river-2027"


@pytest.fixture
def squatter(db):
    """A browser that signed up as Erin, left waiting for the code, with all it could leave."""
    browser = Client()
    sign_up(browser, name="Rude Name", password1=SQUATTED)
    erin = User.objects.get()
    User.objects.update(avatar=Avatar.objects.create(image=b"rude"))
    Session.objects.create(user=erin, session_key="x", expire_date="2099-01-01T00:00Z")
    Authenticator.objects.create(user=erin, type="webauthn", data={})
    SocialAccount.objects.create(user=erin, provider="github", uid="squatter")
    cache.clear()
    return browser


@pytest.fixture
def owner(squatter):
    """Erin's own browser."""
    return Client()


def by_reset_link(owner):
    owner.post(RESET, {"email": "erin@example.com"})
    page = owner.get(mailed_link(), follow=True)
    owner.post(page.redirect_chain[-1][0], {"password1": OWNED, "password2": OWNED})
    sign_in(owner, "erin@example.com", OWNED)


def by_sign_in_code(owner):
    owner.post("/accounts/login/code/", {"email": "erin@example.com"})
    owner.post("/accounts/login/code/confirm/", {"code": mailed_code()})


def by_own_sign_up(owner):
    sign_up(owner, password1=OWNED)
    owner.post(CODE, {"code": mailed_code()})


def by_invitation(owner):
    owner.get("/invited/erin@example.com/")
    sign_up(owner, password1=OWNED)


WAYS = [by_reset_link, by_sign_in_code, by_own_sign_up, by_invitation]


@pytest.mark.parametrize("way", WAYS)
def test_whoever_has_the_mailbox_gets_the_account_and_the_squatter_nothing(squatter, owner, way):
    known_code = squatter.session[EMAIL_VERIFICATION_CODE_SESSION_KEY]["code"]
    way(owner)
    assert is_signed_in(owner)
    erin = User.objects.get()
    assert owner.session["_auth_user_id"] == str(erin.pk)
    assert not erin.check_password(SQUATTED)
    assert erin.name != "Rude Name"
    assert erin.avatar is None
    assert not Avatar.objects.exists()
    assert not Authenticator.objects.exists()
    assert not SocialAccount.objects.exists()
    assert [session.user for session in Session.objects.exclude(user=None)] == [erin]

    for go_on in (
        lambda: squatter.get(CODE),
        lambda: squatter.post(CODE, {"code": known_code}),
        lambda: sign_in(squatter, "erin@example.com", SQUATTED),
        lambda: squatter.get("/account/"),
    ):
        go_on()
        assert not is_signed_in(squatter)


@pytest.mark.parametrize("way", [by_own_sign_up, by_invitation])
def test_what_the_owner_typed_counts(owner, way):
    way(owner)
    erin = User.objects.get()
    assert erin.name == "Erin Example"
    assert erin.check_password(OWNED)
    address = EmailAddress.objects.get()
    assert (address.verified, address.primary) == (True, True)


def test_typing_alone_changes_nothing(owner):
    sign_up(owner, password1=OWNED)
    erin = User.objects.get()
    assert (erin.name, erin.check_password(SQUATTED)) == ("Rude Name", True)
    assert SocialAccount.objects.exists()


def test_a_reset_confirms_the_address(owner):
    by_reset_link(owner)
    assert EmailAddress.objects.get().verified


def test_the_squatters_code_is_no_use_to_the_owner(squatter, owner):
    """Each browser has a code of its own, whichever email came last."""
    sign_up(owner, password1=OWNED)
    mine = mailed_code()
    cache.clear()
    squatter.post(CODE, {"action": "resend"})
    owner.post(CODE, {"code": mine})
    assert is_signed_in(owner)
    assert User.objects.get().check_password(OWNED)


def test_a_second_squatter_changes_nothing_for_the_owner(owner):
    sign_up(owner, password1=OWNED)
    mine = mailed_code()
    cache.clear()
    sign_up(Client(), name="Rude Again", password1="another-one-2026")
    owner.post(CODE, {"code": mine})
    erin = User.objects.get()
    assert (erin.name, erin.check_password(OWNED)) == ("Erin Example", True)


def test_who_signs_up_and_confirms_keeps_what_they_typed(client):
    sign_up(client)
    client.post(CODE, {"code": mailed_code()})
    erin = User.objects.get()
    assert (erin.name, erin.check_password(ERIN["password1"])) == ("Erin Example", True)


def test_who_comes_back_with_the_password_keeps_it(client):
    sign_up(Client())
    cache.clear()
    sign_in(client, "erin@example.com", ERIN["password1"])
    client.post(CODE, {"code": mailed_code()})
    assert is_signed_in(client)
    erin = User.objects.get()
    assert (erin.name, erin.check_password(ERIN["password1"])) == ("Erin Example", True)


def test_a_claimed_account_is_claimed_by_nobody_else(client, alice):
    sign_in(client)
    Authenticator.objects.create(user=alice, type="webauthn", data={})
    client.post("/accounts/email/", {"action_add": "", "email": "alice@work.example"})
    client.post(CODE, {"code": mailed_code()})
    alice.refresh_from_db()
    assert alice.name == "Alice Example"
    assert alice.has_usable_password()
    assert Authenticator.objects.exists()


def test_an_old_address_of_a_member_is_no_way_to_sign_up_anew(client, alice):
    sign_up(client, email="alice@example.com")
    alice.refresh_from_db()
    assert alice.name == "Alice Example"
    assert User.objects.count() == 1


def test_an_address_that_nobody_confirmed_leads_into_no_account(alice):
    address = EmailAddress.objects.create(user=alice, email=ERIN["email"], verified=False)
    assert owner_of(ERIN["email"]) is None
    EmailAddress.objects.filter(pk=address.pk).update(verified=True)
    assert owner_of(ERIN["email"]) == alice
