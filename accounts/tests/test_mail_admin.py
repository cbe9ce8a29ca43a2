"""Emails in the admin: how they stand, never what they say; and what is left of them when people
are gone."""

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.test import Client

from accounts.models import Event, Mail, User
from accounts.outbox import queue
from accounts.verbs import Verb
from config.tests.admin_pages import url
from orgs.roles import Role

pytestmark = pytest.mark.django_db

LIST = url(Mail, "changelist")


def mail_to(address, text="Your code: 123456"):
    return queue(EmailMessage("Hello", text, to=[address]))


@pytest.fixture
def given_up(mail_server):
    mail_server.start(refusing=True)
    return mail_to("erin@example.com")


def try_again(browser, *mails):
    chosen = [mail.pk for mail in mails]
    form = {"action": "try_again", "_selected_action": chosen}
    return browser.post(LIST, form, follow=True)


def test_an_email_is_shown_without_what_it_says(operator, given_up):
    given_up.refresh_from_db()
    for page in (operator.get(LIST), operator.get(url(Mail, "change", given_up.pk))):
        assert "erin@example.com" in page.text
        assert "SMTPRecipientsRefused 550" in page.text
        assert "Given up" in page.text
        assert given_up.message not in page.text
        assert "123456" not in page.text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"state": "given_up"}, 1),
        ({"state": "pending"}, 0),
        ({"state": "delivered"}, 0),
        ({"state": "odd"}, 1),
        ({"q": " ERIN@example.com"}, 1),
        ({"q": "erin"}, 0),
    ],
)
def test_emails_are_found_by_state_and_address(operator, given_up, query, count):
    assert operator.get(LIST, query).context["cl"].result_count == count


def test_one_that_was_given_up_is_tried_again(operator, given_up, mail_server):
    mail_server.refusing = False
    assert "1 of the chosen emails" in try_again(operator, given_up).text
    mail_server.come_back()
    assert len(mail_server.mails) == 1
    assert "0 of the chosen emails" in try_again(operator, given_up).text


def test_that_is_on_record_by_ids_alone(operator, olivia, given_up):
    try_again(operator, given_up)
    try_again(operator, given_up)
    event = Event.objects.get(verb=Verb.EMAILS_TRIED_AGAIN)
    assert (event.actor_id, event.data) == (olivia.pk, {"emails": [str(given_up.pk)]})


def test_one_that_expired_is_not_tried_again(operator, given_up):
    Mail.objects.update(expires=given_up.created)
    assert "0 of the chosen emails" in try_again(operator, given_up).text
    assert not Event.objects.filter(verb=Verb.EMAILS_TRIED_AGAIN).exists()


def test_one_that_may_be_under_way_is_not_tried_a_second_time(operator, mail_server, settings):
    settings.MAIL_DELIVERY = "worker"
    mail = mail_to("erin@example.com")
    [claimed] = Mail.objects.claim()
    assert "0 of the chosen emails" in try_again(operator, mail).text
    assert Mail.objects.claim() == []
    assert claimed == mail


def test_emails_are_neither_changed_nor_deleted_nor_tried_again_by_staff(
    operator, given_up, olivia
):
    page = url(Mail, "change", given_up.pk)
    assert operator.post(page, {"subject": "x"}).status_code == 403
    assert operator.post(url(Mail, "delete", given_up.pk), {"post": "yes"}).status_code == 403
    User.objects.create_user("other@example.com", role="owner")
    User.objects.filter(pk=olivia.pk).update(role="staff")
    assert operator.get(LIST).status_code == 200
    assert try_again(operator, given_up).status_code == 403
    given_up.refresh_from_db()
    assert (given_up.state, given_up.subject) == ("given_up", "Hello")


def test_emails_to_a_person_go_with_them_and_the_last_one_goes_out(mail_server, bob, acme, alice):
    for address, verified in (("second@example.com", True), ("typed@example.com", False)):
        EmailAddress.objects.create(user=bob, email=address, verified=verified)
    Event.record(Verb.EMAIL_CONFIRMED, by=bob, personal={"email": "second@example.com"})
    Event.record(Verb.EMAIL_ADDED, by=bob, personal={"email": "typed@example.com"})
    invitation = acme.invite("second@example.com", Role.MEMBER, by=acme.memberships.get(user=alice))
    for address in ("bob@example.com", "typed@example.com", "alice@example.com"):
        mail_to(address)
    with transaction.atomic():
        bob.erase(by=bob)
    left = {mail.recipients[0]: mail.subject for mail in Mail.objects.all()}
    assert left == {
        "typed@example.com": "Hello",  # which nobody proved to be Bob's
        "alice@example.com": "Hello",
        "bob@example.com": f"Your {settings.SITE_NAME} account is deleted",
    }
    invitation.refresh_from_db()
    assert invitation.mail is None
    mail_server.come_back()
    assert {mail["To"] for mail in mail_server.mails} == left.keys()
    assert not Mail.objects.filter(recipients=["bob@example.com"]).exists()


def test_nothing_is_left_of_a_last_email_that_is_given_up(mail_server, bob):
    mail_server.start(refusing=True)
    bob.erase(by=bob)
    assert not Mail.objects.exists()


@pytest.mark.parametrize("host", ["testserver:8443", "localhost:9000"])
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/accounts/password/reset/", {"email": "alice@example.com"}),
        ("/accounts/password/reset/", {"email": "nobody@example.com"}),
        ("/accounts/signup/", {"email": "alice@example.com", "password1": "green-field-2026"}),
        ("/accounts/login/", {"login": "alice@example.com", "password": "green-field-2026"}),
    ],
)
def test_links_in_emails_of_a_deployed_site_lead_to_it_whatever_the_request_names(
    settings, alice, mailoutbox, path, form, host
):
    settings.DEPLOYED, settings.SITE_URL = True, "https://groundwork.example"
    known = Client(headers={"host": host})
    known.post("/accounts/login/", {"login": "alice@example.com", "password": "green-field-2026"})
    visitor = Client(headers={"host": host, "user-agent": "another"})
    visitor.post(path, form | {"name": "Alice"})
    assert mailoutbox
    links = [line for mail in mailoutbox for line in mail.body.splitlines() if "//" in line]
    assert links
    assert all(link.startswith("https://groundwork.example/") for link in links)
