"""Passkeys in a real browser, whose virtual authenticator stands for a phone's or a key's."""

import re

import pytest
from allauth.mfa.models import Authenticator

from config.cast import PASSWORD
from orgs.roles import Role
from orgs.tests.conftest import link_in

pytestmark = pytest.mark.browser

CANCELED = "Nothing has changed: the request was closed or took too long. Try again."


def test_sign_up_and_sign_in_with_a_passkey(visitor, db, mailoutbox):
    erin = visitor()
    plug_in(erin)
    erin.opens("/accounts/signup/")
    erin.follows("Sign up with a passkey")
    erin.sees("Sign up with a passkey")
    erin.fills(Name="Erin Example", Email="erin@example.com")
    erin.presses("Continue")
    erin.sees("Confirm your email address")
    erin.fills(Code=re.search(r"^\d{6}$", mailoutbox[0].body, re.M)[0])
    erin.presses("Continue")
    erin.sees("Create your passkey")
    erin.presses("Create the passkey")
    erin.sees("Your organizations")

    erin.page.context.clear_cookies()
    erin.opens("/accounts/login/")  # offers it while the email is typed: this one agrees at once
    erin.sees("Your organizations")

    erin.page.context.clear_cookies()
    erin.page.add_init_script(
        "PublicKeyCredential.isConditionalMediationAvailable = async () => false"
    )
    erin.opens("/accounts/login/")
    erin.presses("Sign in with a passkey")
    erin.sees("Your organizations")


def test_an_invited_stranger_signs_up_with_a_passkey_and_is_in(visitor, acme, alice, mailoutbox):
    acme.invite("erin@example.com", Role.MEMBER, by=acme.memberships.get(user=alice))
    erin = visitor()
    plug_in(erin)
    erin.opens(link_in(mailoutbox.pop()))
    erin.sees("Join Acme")
    erin.presses("Create an account and join")
    erin.follows("Sign up with a passkey")
    erin.sees("Sign up with a passkey")
    assert erin.field("Email") == "erin@example.com"
    erin.fills(Name="Erin Example")
    erin.presses("Continue")
    erin.sees("Create your passkey")
    erin.presses("Create the passkey")
    erin.sees("Acme")
    assert not mailoutbox


def test_a_passkey_is_the_second_step_of_a_sign_in(visitor, alice):
    owner = visitor(alice)
    plug_in(owner)
    owner.opens("/accounts/2fa/")
    owner.sees("Two-step sign-in")
    owner.follows("Add a passkey")
    owner.sees("Add a passkey")
    owner.page.get_by_label("Name (optional)").fill("Blue key")
    owner.page.get_by_label("Sign in with it alone").uncheck()
    owner.presses("Create the passkey")
    owner.sees("Recovery codes")
    assert Authenticator.objects.get(type="webauthn").wrap().name == "Blue key"

    owner.page.context.clear_cookies()
    owner.opens("/accounts/login/")
    owner.fills(Email=alice.email, Password=PASSWORD)
    owner.presses("Sign in")
    owner.sees("One more step")
    owner.presses("Use a passkey or security key")
    owner.sees("Trust this browser?")
    owner.presses("Ask me each time")
    owner.sees("Your organizations")


def test_who_cancels_reads_that_nothing_changed(visitor, alice):
    owner = visitor(alice)
    plug_in(owner, isUserVerified=False)
    owner.opens("/accounts/2fa/webauthn/add/")
    owner.presses("Create the passkey")
    owner.reads(CANCELED)
    owner.sees("Add a passkey")
    assert not Authenticator.objects.exists()


def test_a_browser_without_passkeys_says_so(visitor, alice):
    owner = visitor(alice)
    owner.page.add_init_script("delete window.PublicKeyCredential")
    owner.opens("/accounts/2fa/webauthn/add/")
    owner.reads("This browser has no passkeys. Update it, or use another one.")
    owner.sees("Add a passkey")


def test_without_javascript_sign_in_offers_no_passkey(visitor, db):
    somebody = visitor(javascript=False)
    somebody.opens("/accounts/login/")
    somebody.sees("Sign in")
    assert not somebody.page.get_by_text("Sign in with a passkey").is_visible()


def plug_in(person, **options):
    """Give the person's browser a virtual authenticator, whose owner agrees to everything."""
    browser = person.page.context.new_cdp_session(person.page)
    browser.send("WebAuthn.enable", {"enableUI": False})
    authenticator = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    browser.send("WebAuthn.addVirtualAuthenticator", {"options": authenticator | options})
