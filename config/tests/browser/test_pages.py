"""Each page by itself: usable by everybody, in light and in dark, by keyboard, on a small phone."""

import re

import pytest
from playwright.sync_api import expect

from config.cast import PASSWORD
from orgs.roles import Role

pytestmark = pytest.mark.browser

FOR_VISITORS = {
    "/": "The ground your product stands on.",
    "/accounts/signup/": "Create an account",
    "/accounts/signup/passkey/": "Sign up with a passkey",
    "/accounts/login/": "Sign in",
    "/accounts/password/reset/": "Reset your password",
    "/waitlist/": "Join the waitlist",
}
FOR_ALICE = {
    "/organizations/": "Your organizations",
    "/organizations/new/": "Create an organization",
    "/account/": "Your profile",
    "/account/devices/": "Devices",
    "/accounts/email/": "Email addresses",
    "/accounts/password/change/": "Change your password",
    "/account/data/": "Data and deletion",
    "/account/data/erasure/": "Delete your account",
    "/accounts/2fa/": "Two-step sign-in",
    "/accounts/2fa/totp/activate/": "Set up an authenticator app",
    "/accounts/2fa/webauthn/": "Passkeys and security keys",
    "/accounts/2fa/webauthn/add/": "Add a passkey",
    "/o/acme/": "Acme",
    "/o/acme/members/": "Members",
    "/o/acme/invitations/": "Invitations",
    "/o/acme/invitations/new/": "Invite a teammate",
}


@pytest.mark.parametrize("path", FOR_VISITORS)
def test_a_page_for_visitors_is_accessible(visitor, path):
    somebody = visitor()
    somebody.opens(path)
    somebody.sees(FOR_VISITORS[path])
    assert somebody.barriers() == []


@pytest.mark.parametrize("path", FOR_ALICE)
def test_a_page_for_members_is_accessible(visitor, acme, birch, alice, path):
    acme.invite("erin@example.com", Role.MEMBER, by=acme.owner.organization_user)
    owner = visitor(alice)
    owner.opens(path)
    owner.sees(FOR_ALICE[path])
    assert owner.barriers() == []


def test_an_invitation_is_accessible(visitor, acme, mailoutbox):
    acme.invite("erin@example.com", Role.ADMIN, by=acme.owner.organization_user)
    erin = visitor()
    erin.opens(re.search(r"/invitations/\S+", mailoutbox[0].body)[0])
    erin.sees("Join Acme")
    assert erin.barriers() == []


def test_sign_in_works_by_keyboard_alone(visitor, acme, alice):
    somebody = visitor()
    somebody.opens("/accounts/login/")
    somebody.tabs_to("Email")
    somebody.page.keyboard.type(alice.email)
    somebody.tabs_to("Password")
    somebody.page.keyboard.type(PASSWORD)
    somebody.tabs_to("Sign in")
    somebody.page.keyboard.press("Enter")
    somebody.sees("Acme")


def test_the_web_address_follows_the_name_until_somebody_edits_it(visitor, alice):
    owner = visitor(alice)
    owner.opens("/organizations/new/")
    owner.fills(Name="Dürer & Söhne")
    assert owner.field("Web address (optional)") == "durer-sohne"
    owner.page.get_by_label("Web address (optional)").fill("duerer")
    owner.fills(Name="Dürer & Töchter")
    assert owner.field("Web address (optional)") == "duerer"


@pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/signup/passkey/"])
def test_sign_up_tells_the_browsers_time_zone(visitor, path):
    somebody = visitor()
    somebody.opens(path)
    zone = somebody.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    field = somebody.page.locator(f"form[action='{path}'] [name=time_zone]")
    expect(field).to_have_value(zone)


def test_the_skip_link_comes_first(visitor):
    somebody = visitor()
    somebody.opens("/accounts/login/")
    somebody.tabs_to("Skip to the content", within=1)


def test_what_a_visitor_suffers_from_is_noticed(visitor):
    """The checks of every page can fail."""
    somebody = visitor()
    somebody.page.route("**/broken", lambda route: route.fulfill(body=BROKEN, headers=POLICY))
    somebody.opens("/broken")
    complaints = " ".join(somebody.complaints())
    for complaint in ("Content Security Policy", "320 px", "2 headings", "no label: <input name"):
        assert complaint in complaints
    assert somebody.barriers()


POLICY = {"Content-Type": "text/html", "Content-Security-Policy": "script-src 'self'"}
BROKEN = """
    <!DOCTYPE html><title>Broken</title>
    <h1>One</h1><h1>Two</h1>
    <input name="nameless">
    <p>{}</p>
    <script>alert("inline")</script>
""".format("wide" * 200)
