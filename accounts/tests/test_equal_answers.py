"""Whether an address has an account shows neither in an answer nor in the time it takes.

Times are not measured here, where they would be chance, but what they come from is counted:
passwords hashed, emails sent and statements, of which few more or less are lost in the rest.
"""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import get_hashers
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.people import ERIN, LOGIN, RESET, SIGNUP

pytestmark = pytest.mark.django_db

EMAILS = ["alice@example.com", "unconfirmed@example.com", "nobody@example.com"]
FORMS = {
    "sign-up": (SIGNUP, ERIN, "email", 1, 1),
    "sign-in": (LOGIN, {"password": "a guess"}, "login", 1, 0),
    "reset": (RESET, {}, "email", 0, 1),
    "code": ("/accounts/login/code/", {}, "email", 0, 1),
}


@pytest.fixture
def hashed(monkeypatch):
    """The passwords that were hashed since the test began."""
    hasher, hashed = get_hashers()[0], []
    encode = hasher.encode
    monkeypatch.setattr(hasher, "encode", lambda *args: hashed.append(args) or encode(*args))
    return hashed


@pytest.fixture
def people(alice):
    """One who has confirmed the address and one who has not."""
    person = User.objects.create_user(EMAILS[1], "green-field-2026", name="Somebody")
    EmailAddress.objects.create(user=person, email=person.email, primary=True)


@pytest.mark.parametrize("form", FORMS)
def test_an_account_takes_the_same_work_as_none(people, hashed, mailoutbox, form):
    url, typed, field, hashes, mails = FORMS[form]
    Client().post(url, typed | {field: "warm@example.com"})
    statements, answers = [], []
    for email in EMAILS:
        hashed.clear()
        mailoutbox.clear()
        with CaptureQueriesContext(connection) as queries:
            answer = Client().post(url, typed | {field: email})
        answers.append((answer.status_code, answer.headers.get("Location"), answer.text))
        statements.append(len([query for query in queries if "SAVEPOINT" not in query["sql"]]))
        assert (len(hashed), len(mailoutbox)) == (hashes, mails)
    known, unconfirmed, new = statements
    few = 5 if form == "sign-up" else 1  # reading back what was written is left out there
    assert abs(known - new) <= few
    assert abs(unconfirmed - new) <= few
    if form != "sign-in":
        assert len(set(answers)) == 1


def test_the_account_that_stands_in_for_a_taken_address_is_gone(people):
    before = set(User.objects.values_list("email", flat=True))
    Client().post(SIGNUP, ERIN | {"email": EMAILS[0]})
    Client().post(SIGNUP, ERIN | {"email": EMAILS[1]})
    assert set(User.objects.values_list("email", flat=True)) == before
    assert EmailAddress.objects.count() == 2


@pytest.mark.parametrize("email", EMAILS)
def test_a_refused_sign_up_sets_the_same_cookies(people, email):
    for number in range(6):
        answer = Client(REMOTE_ADDR=f"192.0.2.{number}").post(SIGNUP, ERIN | {"email": email})
    assert answer.status_code == 429
    assert sorted(answer.cookies) == ["session"]
