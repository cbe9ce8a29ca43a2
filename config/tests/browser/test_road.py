"""The whole road: from a visitor to an owner whose teammate has joined."""

import re

import pytest

from config.cast import PASSWORD

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no javascript"])
def test_the_road_from_sign_up_to_a_teammate_in_the_list(visitor, mailoutbox, javascript):
    alice = visitor(javascript=javascript)
    alice.opens("/")
    alice.sees("The ground your product stands on.")
    alice.follows("Create an account")
    sign_up(alice, "Alice Example", "alice@example.com", mailoutbox)


def sign_up(person, name, email, mails):
    person.sees("Create an account")
    person.fills(Name=name, Email=email, Password=PASSWORD)
    person.presses("Create an account")
    person.sees("Confirm your email address")
    assert mails[-1].to == [email]
    person.fills(Code=re.search(r"^\d{6}$", mails[-1].body, re.M)[0])
    person.presses("Continue")
