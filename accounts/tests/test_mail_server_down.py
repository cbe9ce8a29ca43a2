"""A mail server that is down costs nobody a page, an account or an email."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import Mail, User
from accounts.tests.people import CODE, ERIN, RESET, SIGNUP, is_signed_in, sign_in, sign_up
from config.cast import PASSWORD

pytestmark = pytest.mark.django_db


def code_of(mail):
    return re.search(r"^\d{6}$", mail.body, re.M)[0]


def test_the_code_of_a_sign_up_arrives_once_the_mail_server_is_back(client, mail_server):
    assert sign_up(client).headers["Location"] == CODE
    assert "A code for erin@example.com is on its way." in client.get(CODE).text
    assert EmailAddress.objects.get().user == User.objects.get()
    mail_server.come_back()
    [sent] = mail_server.mails
    assert sent["To"] == "erin@example.com"
    client.post(CODE, {"code": code_of(sent)})
    assert is_signed_in(client)


def test_a_known_address_is_not_given_away_by_it(client, mail_server, alice):
    def code_page(visitor, email):
        sign_up(visitor, email=email)
        page = visitor.get(CODE).text.replace(email, "…")
        return re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]+"', "", page)

    assert code_page(client, "alice@example.com") == code_page(Client(), "erin@example.com")


def test_whoever_gives_up_can_sign_in_for_a_code_later(client, mail_server):
    sign_up(client)
    mail_server.come_back()
    later = Client()
    assert sign_in(later, "erin@example.com").headers["Location"] == CODE
    mail_server.come_back()
    assert len(mail_server.mails) == 2


@pytest.mark.parametrize(
    ("url", "form", "minutes"),
    [
        (SIGNUP, ERIN, 10),
        ("/accounts/login/code/", {"email": "alice@example.com"}, 10),
        (RESET, {"email": "alice@example.com"}, 60),
    ],
)
def test_a_code_or_link_that_is_over_by_then_is_not_mailed(
    client, mail_server, alice, url, form, minutes
):
    client.post(url, form)
    mail = Mail.objects.get()
    assert round((mail.expires - mail.created) / timedelta(minutes=1)) == minutes
    Mail.objects.update(expires=mail.created)
    mail_server.come_back()
    assert mail_server.mails == []


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_password_reset_is_answered_and_mailed_later(client, mail_server, alice, email):
    response = client.post(RESET, {"email": email}, follow=True)
    assert response.status_code == 200
    mail_server.come_back()
    [sent] = mail_server.mails
    assert sent["To"] == email


def test_a_changed_password_stays_changed_and_its_notice_comes_later(client, mail_server, alice):
    sign_in(client)
    new = "blue-river-2027"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    response = client.post("/accounts/password/change/", form, follow=True)
    assert response.status_code == 200
    alice.refresh_from_db()
    assert alice.check_password(new)
    mail_server.come_back()
    assert mail_server.mails[-1]["Subject"] == "Your password was changed"


def test_the_log_says_which_email_failed_and_to_nobody_whose(client, mail_server, caplog):
    mail_server.start(refusing=True)
    sign_up(client)
    [record] = [record for record in caplog.records if record.name.startswith("accounts.outbox")]
    assert str(Mail.objects.get().pk) in record.getMessage()
    assert "SMTPRecipientsRefused 550" in record.getMessage()
    assert "erin@example.com" not in caplog.text
