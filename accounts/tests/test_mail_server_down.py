"""A mail server that is down costs nobody a page or an account: it can be asked again."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.tests.people import CODE, RESET, is_signed_in, sign_in, sign_up
from config.cast import PASSWORD

pytestmark = pytest.mark.django_db

NOT_SENT = "could not be sent just now"


def test_sign_up_waits_for_the_mail_server_to_come_back(client, mail_server):
    response = sign_up(client)
    assert response.headers["Location"] == CODE
    page = client.get(CODE)
    assert NOT_SENT in page.text
    assert "We have sent a code" not in page.text
    assert "Send a new code" in page.text
    assert EmailAddress.objects.get().user == User.objects.get()

    mail_server.start()
    cache.clear()  # ten seconds later
    client.post(CODE, {"action": "resend"})
    assert NOT_SENT not in client.get(CODE).text
    [sent] = mail_server.mails
    assert sent["To"] == "erin@example.com"
    client.post(CODE, {"code": re.search(r"^\d{6}$", sent.body, re.M)[0]})
    assert is_signed_in(client)


def test_a_known_address_is_not_given_away_by_it(client, mail_server, alice):
    def code_page(visitor, email):
        sign_up(visitor, email=email)
        page = visitor.get(CODE).text.replace(email, "…")
        return re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]+"', "", page)

    assert code_page(client, "alice@example.com") == code_page(Client(), "erin@example.com")


def test_whoever_gives_up_can_sign_in_for_a_code_later(client, mail_server):
    sign_up(client)
    mail_server.start()
    cache.clear()
    later = Client()
    assert sign_in(later, "erin@example.com").headers["Location"] == CODE
    assert len(mail_server.mails) == 1


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_password_reset_says_so_and_can_be_asked_again(client, mail_server, alice, email):
    response = client.post(RESET, {"email": email}, follow=True)
    assert response.status_code == 200
    assert NOT_SENT in response.text
    mail_server.start()
    response = client.post(RESET, {"email": email}, follow=True)
    assert NOT_SENT not in response.text
    assert len(mail_server.mails) == 1


def test_a_changed_password_stays_changed_without_its_notice(client, mail_server, alice):
    sign_in(client)
    new = "blue-river-2027"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    response = client.post("/accounts/password/change/", form, follow=True)
    assert response.status_code == 200
    assert NOT_SENT not in response.text
    alice.refresh_from_db()
    assert alice.check_password(new)


def test_the_log_says_which_email_failed_and_to_nobody_whose(client, mail_server, caplog):
    mail_server.start(refusing=True)
    sign_up(client)
    [record] = [record for record in caplog.records if record.name == "accounts.delivery"]
    assert "email_confirmation_signup" in record.getMessage()
    assert "SMTPRecipientsRefused" in record.getMessage()
    assert "erin@example.com" not in caplog.text
