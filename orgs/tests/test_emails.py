"""The invitation's email: what it says, what it never does, and a mail server that is away."""

import pytest
from django.core import mail
from django.db import transaction

from accounts.models import Mail, User
from orgs.emails import plain
from orgs.models import Invitation
from orgs.roles import Role
from orgs.tests.conftest import link_in

NEW = "/o/acme/invitations/new/"
LIST = "/o/acme/invitations/"
ERIN = {"emails": "erin@example.com", "role": "member"}


def test_the_email_says_who_invites_whereto_and_how_long(invite, acme):
    _, _link = invite(role=Role.ADMIN)
    [message] = mail.outbox
    assert message.subject == "Alice Example invites you to Acme"
    assert "with the role of admin" in message.body
    assert " UTC, for this address alone" in message.body
    assert message.message().get_content_type() == "text/plain"
    assert message.to == ["erin@example.com"]
    assert message.body.count("http") == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Acme", "Acme"),
        ("Acme Inc.", "Acme Inc."),
        ("Größe & Söhne 日本", "Größe & Söhne 日本"),
        ("A\r\nBcc: charlie@example.com", "A Bcc: charlie@example·com"),
        ("See https://evil.example/win", "See https evil·example/win"),
        ("www.evil.example", "www·evil·example"),
        ("HTTP://EVIL", "HTTP EVIL"),
        ("<b>Bold</b>", "<b>Bold</b>"),
        ("a\u202egnp.exe\u200b", "a gnp·exe"),
        ("  two   spaces\x00 ", "two spaces"),
        ("https:////evil.example", "https evil·example"),
        ("\\\\2130706433\\share", "2130706433\\share"),  # Outlook opens it, and signs in there
        ("{inviter} {0.__class__}", "{inviter} {0·__class__}"),
    ],
)
def test_a_name_is_harmless_in_an_email(name, shown):
    assert plain(name) == shown


def test_a_name_cannot_add_a_header_or_a_link(acme, alice, invite):
    # Past every form: what matters is what the mail makes of it.
    type(acme).objects.filter(pk=acme.pk).update(name="Win at https://evil.example\r\nBcc: x@y.zz")
    User.objects.filter(pk=alice.pk).update(name="Alice\r\nTo: x@y.zz <a href=evil.example>")
    alice.refresh_from_db()
    acme.refresh_from_db()
    _, link = invite()
    [message] = mail.outbox
    assert message.recipients() == ["erin@example.com"]
    assert "\n" not in message.subject
    assert message.message()["Bcc"] is None
    assert message.message().get_content_type() == "text/plain"
    assert "evil.example" not in message.body + message.subject
    assert [line for line in message.body.splitlines() if "//" in line] == [
        f"http://127.0.0.1:8000{link}"
    ]


def test_the_link_leads_to_the_host_of_the_request(owner):
    owner.post(NEW, ERIN, headers={"host": "localhost:9000"})
    assert "http://localhost:9000/invitations/" in mail.outbox[0].body


@pytest.fixture
def owner(transactional_db, alice, acme, signed_in):
    return signed_in(alice)


def test_a_mail_server_that_is_down_loses_no_invitation(mail_server, owner, client):
    page = owner.post(NEW, ERIN, follow=True)
    assert "The invitation for erin@example.com is on its way." in page.text
    assert "On its way" in page.text
    mail_server.come_back()
    [message] = mail_server.mails
    assert message["To"] == "erin@example.com"
    assert client.get(link_in(message)).status_code == 200
    assert "Sent" in owner.get(LIST).text


def test_an_address_the_mail_server_refuses_is_shown_as_not_delivered(mail_server, owner, caplog):
    mail_server.start(refusing=True)
    page = owner.post(NEW, ERIN, follow=True)
    assert "Not delivered" in page.text
    assert "not delivered: SMTPRecipientsRefused 550" in caplog.text
    assert "erin@example.com" not in caplog.text


def test_no_token_gets_into_a_log(mail_server, owner, client, caplog):
    mail_server.start()
    caplog.set_level("DEBUG")
    owner.post(NEW, ERIN)
    link = link_in(mail_server.mails[0])
    client.get(link)
    client.post(f"{link}sign-up/")
    token = link.split("/")[2]
    ours = [record for record in caplog.records if record.name != "mail.log"]  # aiosmtpd's
    assert ours
    assert token not in "".join(record.getMessage() for record in ours)


def test_an_invitation_that_expired_while_it_waited_is_not_sent(mail_server, owner):
    owner.post(NEW, ERIN)
    mail = Mail.objects.get()
    assert mail.expires == Invitation.objects.get().expires
    Mail.objects.update(expires=mail.created)
    mail_server.come_back()
    assert mail_server.mails == []


def test_what_is_rolled_back_is_not_sent(invite, acme, membership, alice):
    with transaction.atomic():
        acme.invite("erin@example.com", Role.MEMBER, by=membership(alice))
        transaction.set_rollback(True)
    assert mail.outbox == []
    assert not Mail.objects.exists()


def test_an_old_email_that_arrives_late_does_not_count_as_the_new_one(
    owner, mail_server, membership, alice, acme
):
    invitation = acme.invite("erin@example.com", Role.MEMBER, by=membership(alice))
    old = invitation.mail
    invitation.renew(by=membership(alice))
    Mail.objects.filter(pk=old.pk).mark_delivered()
    [row] = owner.get(LIST).context["page"].rows
    assert row["state"] == "unsent"
