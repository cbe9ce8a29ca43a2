"""The outbox: an email goes out once, whatever happens in between, and is not read on its way."""

import socket
import threading
import time
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.management import BaseCommand, call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts import own_data
from accounts.management.commands import deliver_mail
from accounts.models import Mail
from accounts.outbox import attempt, queue, queue_all, queue_copies, worker
from accounts.outbox.worker import Worker
from accounts.tests.people import RESET
from config.tests.at_once import at_once
from config.tests.mail_server import dripping

pytestmark = pytest.mark.django_db

at_commit = pytest.mark.django_db(transaction=True)


def message(to="erin@example.com", **changes):
    return EmailMessage("Hello", "Your code:\n\n123456", to=[to], **changes)


def at_rest():
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts_mail::text FROM accounts_mail")
        return str(cursor.fetchall())


def fail_three_days_later(mail):
    """Let it be as if the email had waited for three days; then the worker comes."""
    Mail.objects.filter(pk=mail.pk).update(created=timezone.now() - timedelta(days=3, seconds=1))
    Mail.objects.release()
    call_command("deliver_mail", "--once")
    mail.refresh_from_db()


def test_an_email_is_delivered_after_the_commit_that_causes_it(mail_server):
    mail_server.start()
    with transaction.atomic():
        mail = queue(message())
        assert mail_server.mails == []
    [sent] = mail_server.mails
    assert (sent["To"], sent["Subject"]) == ("erin@example.com", "Hello")
    assert sent.body == "Your code:\n\n123456"
    mail.refresh_from_db()
    assert mail.state == "delivered"


def test_what_it_says_cannot_be_read_and_is_wiped_once_delivered(mail_server):
    mail = queue(message())
    assert "erin@example.com" in at_rest()
    assert "123456" not in at_rest()
    mail.refresh_from_db()
    assert "123456" in mail.text()
    mail_server.come_back()
    mail.refresh_from_db()
    assert mail.message == ""


@at_commit
def test_what_is_rolled_back_is_never_sent(mail_server):
    mail_server.start()
    with transaction.atomic():
        queue(message())
        transaction.set_rollback(True)
    with transaction.atomic():
        with transaction.atomic():
            queue(message("undone@example.com"))
            transaction.set_rollback(True)
        queue(message("first@example.com"))
        with transaction.atomic():
            queue(message("also-undone@example.com"))
            transaction.set_rollback(True)
        queue(message("second@example.com"))
    assert [mail["To"] for mail in mail_server.mails] == ["first@example.com", "second@example.com"]
    assert Mail.objects.count() == 2


def test_after_an_outage_each_email_goes_out_once(mail_server):
    for number in range(5):
        queue(message(f"{number}@example.com"))
    mail_server.come_back()
    mail_server.come_back()
    assert sorted(mail["To"][0] for mail in mail_server.mails) == list("01234")


def test_an_email_is_sent_again_after_a_crash_between_sending_and_writing_it_down(
    mail_server, settings, monkeypatch
):
    settings.MAIL_DELIVERY = "worker"
    mail_server.start()
    queue(message())
    with monkeypatch.context() as crash:
        crash.setattr(worker, "settle", lambda outcomes: 1 / 0 if outcomes else None)
        with pytest.raises(ZeroDivisionError):
            call_command("deliver_mail", "--once")
    assert Mail.objects.claim() == []  # for as long as its lease holds
    mail_server.come_back()
    first, second = mail_server.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@localhost>")  # the sender's domain
    assert Mail.objects.get().state == "delivered"


@at_commit
def test_workers_side_by_side_send_each_email_once(mail_server, settings):
    settings.MAIL_DELIVERY = "worker"
    mail_server.start()
    queue_all(message(f"{number}@example.com") for number in range(60))
    at_once(*[Worker().deliver_due] * 3)
    assert len(mail_server.mails) == len({mail["To"] for mail in mail_server.mails}) == 60
    assert len(mail_server.visits) == 3
    assert not Mail.objects.in_state("pending").exists()


def test_many_emails_take_one_statement_and_one_connection(mail_server, django_assert_num_queries):
    mail_server.start()
    with django_assert_num_queries(3):  # write, claim, wipe
        queue_all(message(f"{number}@example.com") for number in range(50))
    assert len(mail_server.mails) == 50
    assert len(mail_server.visits) == 1


def test_copies_of_an_email_are_as_if_each_had_been_made_by_itself(
    mail_server, django_assert_num_queries
):
    mail_server.start()
    long = f"{'x' * 64}@{'y' * 60}.example"
    with django_assert_num_queries(3):
        queue_copies([(EmailMessage("Größe", "über\n\nÄ"), ["erin@example.com", long])])
    queue(EmailMessage("Größe", "über\n\nÄ", to=["erin@example.com"]))
    first, second, alone = mail_server.mails
    assert (first["To"], second["To"]) == ("erin@example.com", long)
    assert first["Message-ID"] != second["Message-ID"]
    for mail in (first, second, alone):
        del mail["To"], mail["Message-ID"], mail["Date"]
    assert first.as_string() == second.as_string() == alone.as_string()


def test_emails_of_one_commit_share_one_attempt(mail_server):
    mail_server.start()
    with transaction.atomic():
        queue(message())
        queue(message())
    assert len(mail_server.mails) == 2
    assert len(mail_server.visits) == 1


@pytest.mark.parametrize("said", [b"", b"220 hello\r\n"])
def test_a_server_that_drips_keeps_nobody_waiting_and_the_next_one_not_at_all(
    mail_server, monkeypatch, said
):
    monkeypatch.setattr(attempt, "SECONDS", 0.3)
    with dripping(mail_server.port, said) as visits:
        started = time.monotonic()
        with transaction.atomic():
            queue_all([message(), message()])
            queue(message())
        assert 0.3 <= time.monotonic() - started < 20
        queue(message())
        assert len(visits) == 1
    pending = Mail.objects.in_state("pending")
    assert pending.filter(next_try__lte=timezone.now()).count() == 3  # but for the one under way
    mail_server.come_back()
    assert len(mail_server.mails) == 4


def test_the_worker_too_leaves_a_server_that_drips(mail_server, settings):
    settings.MAIL_DELIVERY = "worker"
    settings.MAILERS["transport"]["OPTIONS"]["timeout"] = 0.3
    mail = queue(message())
    started = time.monotonic()
    with dripping(mail_server.port, b"220 hello\r\n"):
        call_command("deliver_mail", "--once")
    assert time.monotonic() - started < 20
    mail.refresh_from_db()
    assert (mail.state, mail.tries) == ("pending", 1)


@at_commit
def test_an_email_that_is_under_way_when_the_request_leaves_is_not_sent_twice(
    mail_server, monkeypatch
):
    class UntilItIsThere(threading.Event):
        def wait(self, timeout):
            while not mail_server.mails:
                time.sleep(0.01)

    monkeypatch.setattr(attempt, "Event", UntilItIsThere)
    mail_server.goes_on.clear()
    mail_server.start()
    mail = queue(message())
    mail.refresh_from_db()
    assert mail.state == "pending"
    mail_server.goes_on.set()
    for thread in threading.enumerate():
        if thread.name == "outbox":
            thread.join(60)
    mail.refresh_from_db()
    assert mail.state == "delivered"
    mail_server.come_back()
    assert len(mail_server.mails) == 1


def test_with_a_worker_no_request_talks_to_the_mail_server(client, mail_server, settings, alice):
    settings.MAIL_DELIVERY = "worker"
    mail_server.start()
    for email in ("alice@example.com", "nobody@example.com"):
        client.post(RESET, {"email": email})
    assert mail_server.visits == set()
    call_command("deliver_mail", "--once")
    assert len(mail_server.mails) == 2


def test_an_address_that_is_refused_for_good_is_given_up(mail_server):
    mail_server.start(refusing=True)
    mail = queue(message())
    mail.refresh_from_db()
    assert (mail.state, mail.last_error) == ("given_up", "SMTPRecipientsRefused 550")
    mail_server.refusing = False
    mail_server.come_back()
    assert mail_server.mails == []


def test_what_is_refused_for_now_waits_as_long_again_as_it_has(mail_server):
    mail_server.answers["erin@example.com"] = "450 later"
    mail_server.start()
    mail = queue(message())
    pauses = []
    for hours in (0, 2, 60):
        Mail.objects.update(created=timezone.now() - timedelta(hours=hours))
        mail_server.come_back()
        mail.refresh_from_db()
        pauses.append(round((mail.next_try - timezone.now()).total_seconds() / 60))
    assert pauses == [1, 120, 240]
    fail_three_days_later(mail)
    assert (mail.state, mail.last_error) == ("given_up", "SMTPRecipientsRefused 450")
    assert mail.message


def test_what_the_mail_server_may_have_taken_waits_as_long_again_too(mail_server, settings):
    settings.MAIL_DELIVERY = "worker"
    settings.MAILERS["transport"]["OPTIONS"]["timeout"] = 0.3
    mail_server.delay = 30
    mail = queue(message())
    Mail.objects.update(created=timezone.now() - timedelta(hours=2))
    mail_server.come_back()
    mail.refresh_from_db()
    assert len(mail_server.mails) == 1
    assert mail.state == "pending"
    assert round((mail.next_try - timezone.now()).total_seconds() / 60) == 120


def test_the_clock_that_counts_is_the_databases(mail_server, monkeypatch):
    mail_server.answers["erin@example.com"] = "450 later"
    days_ahead = timezone.now() + timedelta(days=9)
    monkeypatch.setattr(timezone, "now", lambda: days_ahead)
    mail_server.start()
    mail = queue(message())
    mail.refresh_from_db()
    assert mail.state == "pending"


def test_what_expired_while_it_waited_is_wiped_and_not_sent(mail_server):
    soon, past = (timezone.now() + timedelta(minutes=minutes) for minutes in (10, -1))
    mails = [queue(message(), expires=expires) for expires in (past, soon)]
    assert "123456" not in at_rest()
    mail_server.come_back()
    old, new = (Mail.objects.get(pk=mail.pk) for mail in mails)
    assert (old.state, old.last_error, old.message) == ("given_up", "Expired", "")
    assert new.state == "delivered"
    assert len(mail_server.mails) == 1


def test_behind_a_pooler_the_worker_does_not_listen(monkeypatch, django_assert_num_queries):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    with django_assert_num_queries(0):
        Worker()._listen()


def test_an_address_stays_as_it_is_when_it_is_refused(mail_server):
    """It is found by it, in the admin and when its person is deleted."""
    mail_server.answers["erin@xn--bcher-kva.example"] = "450 later"
    mail_server.start()
    mail = queue(message("erin@bücher.example"))
    mail.refresh_from_db()
    assert mail.last_error == "SMTPRecipientsRefused 450"
    assert mail.recipients == ["erin@bücher.example"]


def test_others_are_not_kept_waiting_by_one_that_is_refused(mail_server):
    mail_server.answers["erin@example.com"] = "450 later"
    mail_server.start()
    queue_all([message(), message("frank@example.com")])
    assert [mail["To"] for mail in mail_server.mails] == ["frank@example.com"]


def test_of_several_addresses_only_those_that_lack_it_get_it_later(mail_server):
    mail_server.answers["erin@example.com"] = "450 later"
    mail_server.start()
    mail = queue(message("frank@example.com", cc=["erin@example.com"], bcc=["Gus <g@example.com>"]))
    mail.refresh_from_db()
    assert mail.recipients == ["erin@example.com"]
    mail_server.answers.clear()
    mail_server.come_back()
    first, second = mail_server.mails
    assert first.envelope == ["frank@example.com", "g@example.com"]
    assert second.envelope == ["erin@example.com"]


def test_one_that_cannot_be_decrypted_is_given_up_and_stops_no_other(mail_server, settings):
    settings.ENCRYPTION_SECRETS = ["lost"]
    lost = queue(message())
    settings.ENCRYPTION_SECRETS = ["new"]
    queue(message("frank@example.com"))
    mail_server.come_back()
    lost.refresh_from_db()
    assert (lost.state, lost.last_error) == ("given_up", "InvalidToken")
    assert len(mail_server.mails) == 1


def test_what_django_sends_by_itself_goes_the_same_way(mail_server):
    email = EmailMultiAlternatives(
        "Größe",
        "日本 " * 400,
        "Acme <hello@acme.example>",
        ["erin@example.com"],
        bcc=["b@b.example"],
    )
    email.attach_alternative("<p>日本</p>", "text/html")
    email.attach("data.bin", b"\xff\x00\r\n", "application/octet-stream")
    assert email.send() == 1
    assert Mail.objects.get().message
    mail_server.come_back()
    [sent] = mail_server.mails
    assert (sent["Subject"], sent["From"]) == ("Größe", "Acme <hello@acme.example>")
    assert sent["Bcc"] is None
    assert sent.envelope == ["erin@example.com", "b@b.example"]
    assert sent.body.strip() == ("日本 " * 400).strip()
    assert [part.get_content() for part in sent.iter_attachments()] == [b"\xff\x00\r\n"]
    assert "<p>日本</p>" in sent.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("to", "subject"),
    [(["erin@example.com"], "Two\nlines"), ([], "To nobody"), (["a@b@c.example"], "To what?")],
)
def test_what_no_server_would_take_is_refused_at_once(to, subject):
    with pytest.raises(ValueError, match=r"nobody|Header|address"):
        queue(EmailMessage(subject, "text", to=to))
    assert not Mail.objects.exists()


def test_old_rows_are_deleted_and_never_one_that_waits(settings, monkeypatch):
    monkeypatch.setattr(worker, "BATCH", 2)
    queue_all(message() for _ in range(5))
    settings.MAIL_DELIVERY = "worker"
    waiting = queue(message())
    worker.tidy()
    assert Mail.objects.count() == 6
    settings.MAIL_KEPT_DAYS = -1
    worker.tidy()
    assert Mail.objects.get() == waiting


def test_nobody_takes_emails_along_with_their_data():
    assert Mail not in own_data.tables()


def test_a_name_server_that_hangs_keeps_nobody_waiting(mail_server, monkeypatch):
    is_over = threading.Event()

    def hang(*args, **kwargs):
        is_over.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(attempt, "SECONDS", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    queue(message())
    is_over.set()
    assert time.monotonic() - started < 20
    assert Mail.objects.get().tries == 1


def test_the_worker_starts_without_checks_that_ask_a_database_which_may_be_away(monkeypatch):
    monkeypatch.delattr(BaseCommand, "check")
    given = {"once": True, "skip_checks": False, "force_color": False, "no_color": False}
    deliver_mail.Command().execute(**given)
