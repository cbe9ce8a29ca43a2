"""Sign-in by a code by email."""

import re
import time

import pytest
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.models import Attempt, User
from accounts.tests.people import CODE, LOGIN, is_signed_in, mailed_code, sign_in, sign_up

pytestmark = pytest.mark.django_db

ASK = "/accounts/login/code/"
ENTER = "/accounts/login/code/confirm/"
MINUTE = 60


def ask(client, email="alice@example.com", **form):
    return client.post(ASK, {"email": email, **form})


def enter(client, code, **form):
    return client.post(ENTER, {"code": code, **form})


def let_pass(client, seconds):
    """Let the code that is on its way grow older."""
    session = client.session
    session[LOGIN_SESSION_KEY]["state"]["stages"]["login_by_code"]["data"]["at"] -= seconds
    session[LOGIN_SESSION_KEY]["initiated_at"] -= seconds
    session.save()


def page_of(client, email):
    page = client.get(ENTER).text.replace(email, "…")
    return re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]+"', "", page)


def test_a_code_by_email_signs_in(client, alice):
    assert ask(client, " ALICE@Example.com ", next="/account/").headers["Location"] == (
        f"{ENTER}?next=%2Faccount%2F"
    )
    assert mail.outbox[0].to == ["alice@example.com"]
    assert "10 minutes" in mail.outbox[0].body
    assert "10 minutes" in client.get(ENTER).text
    assert enter(client, mailed_code(), next="/account/").headers["Location"] == "/account/"
    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("page", "leads_to"),
    [
        ("/accounts/login/?next=/account/", f"{ASK}?next=%2Faccount%2F"),
        (f"{ASK}?next=/account/", "/accounts/login/?next=%2Faccount%2F"),
    ],
)
def test_the_sign_in_page_leads_to_the_code_and_back(client, page, leads_to):
    text = client.get(page).text
    assert f'href="{leads_to}"' in text


def test_a_code_works_for_ten_minutes(client, alice):
    for seconds, works in [(10 * MINUTE + 5, False), (10 * MINUTE - 5, True)]:
        ask(client)
        let_pass(client, seconds)
        enter(client, mailed_code())
        assert is_signed_in(client) is works


def test_a_new_code_has_ten_minutes_of_its_own_and_ends_the_old_one(client, alice):
    ask(client)
    old = mailed_code()
    let_pass(client, 9 * MINUTE)
    client.post(ENTER, {"action": "resend"})
    let_pass(client, 9 * MINUTE)
    if old != mailed_code():
        enter(client, old)
        assert not is_signed_in(client)
    enter(client, mailed_code())
    assert is_signed_in(client)


def test_a_code_that_was_used_or_is_too_old_is_told_so(client, alice):
    ask(client)
    code = mailed_code()
    enter(client, code)
    client.post("/accounts/logout/")
    response = client.post(ENTER, {"code": code}, follow=True)
    assert "no longer works" in response.text
    assert not is_signed_in(client)
    ask(client)
    let_pass(client, 11 * MINUTE)
    response = client.post(ENTER, {"code": mailed_code()}, follow=True)
    assert "no longer works" in response.text


def test_three_wrong_codes_end_the_attempt(client, alice):
    ask(client)
    code = mailed_code()
    for _ in range(2):
        assert "not the code of our latest email" in enter(client, "1" + code).text
    assert enter(client, "1" + code).headers["Location"] == ASK
    enter(client, code)
    assert not is_signed_in(client)


def test_a_code_works_in_the_browser_alone_that_asked_for_it(client, alice):
    ask(client)
    code = mailed_code()
    ask(other := Client(), "nobody@example.com")
    enter(other, code)
    assert not is_signed_in(other)


def test_an_unknown_address_gets_the_same_answer_and_another_email(client, alice):
    known, unknown = "alice@example.com", "nobody@example.com"
    other = Client()
    assert ask(client, known).headers["Location"] == ask(other, unknown).headers["Location"]
    assert page_of(client, known) == page_of(other, unknown)
    assert mail.outbox[1].to == [unknown]
    assert mail.outbox[1].subject == "There is no account with this address"
    for visitor in (client, other):
        enter(visitor, "not the code")
        visitor.post(ENTER, {"action": "resend"})
        let_pass(visitor, 9 * MINUTE)
    assert page_of(client, known) == page_of(other, unknown)
    assert enter(other, "").status_code == 200
    assert not is_signed_in(other)


def test_an_unknown_address_is_mailed_once(client):
    ask(client, "nobody@example.com")
    client.post(ENTER, {"action": "resend"})
    assert len(mail.outbox) == 1


def test_a_person_switched_off_gets_no_code(client, alice):
    User.objects.update(is_active=False)
    ask(client)
    assert mail.outbox[0].subject == "There is no account with this address"


def test_an_address_that_somebody_else_left_unconfirmed_signs_nobody_in(client, alice):
    EmailAddress.objects.create(user=alice, email="shared@example.com", verified=False)
    ask(client, "shared@example.com")
    assert mail.outbox[0].subject == "There is no account with this address"


def test_one_mailbox_is_not_flooded_with_codes(client, alice):
    for _ in range(5):
        ask(Client())
    assert len(mail.outbox) == 3


def test_a_person_made_in_the_admin_signs_in_by_code_and_keeps_their_name(client, db):
    User.objects.create_user("frank@example.com", name="Frank")
    ask(client, "frank@example.com")
    enter(client, mailed_code())
    assert is_signed_in(client)
    assert User.objects.get().name == "Frank"
    assert EmailAddress.objects.get().verified


def test_a_code_arrives_once_the_mail_server_is_back(client, alice, mail_server):
    ask(client)
    assert "A code for alice@example.com is on its way." in client.get(ENTER).text
    mail_server.come_back()
    enter(client, re.search(r"^\d{6}$", mail_server.mails[0].body, re.M)[0])
    assert is_signed_in(client)


def test_the_code_of_a_sign_up_works_for_ten_minutes_and_is_told_when_over(client):
    sign_up(client)
    session = client.session
    session["account_email_verification_code"]["at"] = time.time() - 10 * MINUTE - 5
    session.save()
    response = client.post(CODE, {"code": mailed_code()}, follow=True)
    assert "no longer works" in response.text
    assert not is_signed_in(client)


def test_a_password_still_signs_in_beside_it(client, alice):
    ask(client)
    client.post("/accounts/logout/")
    sign_in(client)
    assert is_signed_in(client)


def test_codes_to_one_mailbox_are_guessed_five_times_in_whatever_browsers(alice):
    answers = []
    for number in range(3):
        browser = Client(REMOTE_ADDR=f"192.0.2.{number}")
        ask(browser)
        answers += [enter(browser, "wrong").status_code for _ in range(2)]
    assert answers == [200] * 5 + [429]
    assert enter(browser, mailed_code()).status_code == 429
    assert not is_signed_in(browser)


def test_a_right_code_does_not_count_as_a_guess(alice):
    for number in range(6):
        browser = Client(REMOTE_ADDR=f"192.0.2.{number}")
        ask(browser)
        enter(browser, mailed_code())
        assert is_signed_in(browser)
        Attempt.objects.filter(key__startswith="request_login_code").delete()


def test_a_code_to_an_address_that_was_removed_meanwhile_signs_nobody_in(client, alice):
    former = EmailAddress.objects.create(user=alice, email="former@example.com", verified=True)
    ask(client, former.email)
    former.delete()
    assert enter(client, mailed_code()).headers["Location"] == LOGIN
    assert not is_signed_in(client)
    assert not EmailAddress.objects.filter(email=former.email).exists()
