"""The whole road: a visitor becomes an owner whose invited teammate is in the list of members."""

import re

import pytest

from config.cast import PASSWORD
from orgs.roles import Role
from orgs.tests.conftest import link_in as path_in
from waitlist.models import Entry

pytestmark = pytest.mark.browser

FIRST_PAGE = "The ground your product stands on."


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no javascript"])
def test_alice_signs_up_and_bob_joins_her(visitor, mailoutbox, javascript):
    alice, bob = visitor(javascript=javascript), visitor(javascript=javascript)

    alice.opens("/")
    alice.sees(FIRST_PAGE)
    alice.follows("Create an account")
    alice.sees("Create an account")
    alice.fills(Email="alice@example.com")
    sign_up(alice, "Alice Example")
    confirm(alice, mailoutbox.pop())
    make_organization(alice, "Acme & Daughters")
    invite(alice, "bob@example.com", "Admin")

    bob.opens(link_in(mailoutbox.pop(), to="bob@example.com"))
    bob.sees("Join Acme & Daughters")
    bob.presses("Create an account and join")
    bob.sees("Create an account")
    assert bob.field("Email") == "bob@example.com"
    sign_up(bob, "Bob Example")
    bob.sees("Acme & Daughters")
    bob.reads("You are a member of Acme & Daughters.")

    for person in (alice, bob):
        person.opens("/o/acme-daughters/members/")
        person.sees("Members")
        owner, admin = person.list_in("Members")
        assert owner.startswith("Alice Example")
        assert "alice@example.com" in owner
        assert admin.startswith("Bob Example")
        assert "bob@example.com" in admin
        assert admin.endswith("Admin")
    assert not mailoutbox  # an invited person's address needs no code


def test_whoever_has_an_account_signs_in_by_the_invitation_and_is_in(
    visitor, acme, alice, charlie, mailoutbox
):
    acme.invite(charlie.email, Role.MEMBER, by=acme.memberships.get(user=alice))
    somebody = visitor(javascript=False)
    somebody.opens(path_in(mailoutbox.pop()))
    somebody.sees("Join Acme")
    somebody.presses("Sign in and join")
    somebody.sees("Sign in")
    somebody.fills(Email=charlie.email, Password=PASSWORD)
    somebody.presses("Sign in")
    somebody.sees("Acme")
    somebody.reads("You are a member of Acme.")


def test_the_waitlist_takes_an_address_without_javascript(visitor, settings):
    settings.SIGNUP_MODE = "waitlist"
    somebody = visitor(javascript=False)
    somebody.opens("/")
    somebody.follows("Join the waitlist")
    somebody.sees("Join the waitlist")
    somebody.fills(Email_address="Erin@Example.com")
    somebody.presses("Join the waitlist")
    somebody.sees("Thank you. You are on the list.")
    assert Entry.objects.get().email == "erin@example.com"


def test_the_operator_enters_the_admin_through_our_sign_in(visitor, acme, olivia):
    operator = visitor()
    operator.opens("/admin/orgs/organization/")
    operator.sees("Sign in")
    operator.fills(Email=olivia.email, Password=PASSWORD)
    operator.presses("Sign in")
    operator.sees("Organizations")
    operator.follows("Acme")
    operator.sees("Change organization")


def sign_up(person, name):
    person.fills(Name=name, Password=PASSWORD)
    person.presses("Create an account")


def confirm(person, mail):
    person.sees("Confirm your email address")
    person.fills(Code=re.search(r"^\d{6}$", mail.body, re.M)[0])
    person.presses("Continue")


def make_organization(person, name):
    person.sees("Your organizations")
    person.follows("Create an organization")
    person.sees("Create an organization")
    person.fills(Name=name)
    person.presses("Create the organization")
    person.sees(name)


def invite(person, email, role):
    person.follows("Invite a teammate")
    person.sees("Invite a teammate")
    person.fills(Email_addresses=email)
    person.chooses(Role=role)
    person.presses("Send invitations")
    person.sees("Invitations")
    person.reads(f"The invitation for {email} is on its way.")


def link_in(mail, *, to):
    assert mail.to == [to]
    return re.search(r"^http\S+$", mail.body, re.M)[0]
