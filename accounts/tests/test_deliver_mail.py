"""manage.py deliver_mail as a process of its own: told, killed, cut off, and stopped."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from django.core.mail import EmailMessage
from django.db import connection

from accounts.models import Mail
from accounts.outbox import queue, worker
from config.env import BASE_DIR
from config.tests.clone import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

URL = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}"
DELIVER = """
import django
from django.core.management import call_command

django.setup()
from accounts.outbox import worker

worker.POLL = {poll}
call_command("deliver_mail")
"""


@pytest.fixture
def mail_server(mail_server, settings):
    settings.MAIL_DELIVERY = "worker"
    mail_server.start()
    return mail_server


@contextmanager
def running(mail_server, poll=worker.POLL):
    """A worker on the tests' database, which listens for mail by now."""
    smtp = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(mail_server.port), "SMTP_STARTTLS": "no"}
    process = subprocess.Popen(
        [sys.executable, "-c", DELIVER.format(poll=poll)],
        cwd=BASE_DIR,
        env={
            "PATH": os.environ["PATH"],
            "ENVIRONMENT": "test",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": URL.format(**connection.settings_dict),
            **smtp,
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert wait_until(backends)
        yield process
    finally:
        process.kill()
        process.communicate()


def backends():
    """Return the ids of the connections of workers that wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'idle' "
            "AND datname = current_database() AND query LIKE '%%accounts_mail%%'"
        )
        return [pid for (pid,) in cursor.fetchall()]


def mail_to(address):
    return queue(EmailMessage("Hello", "text", to=[address]))


def test_it_delivers_when_told_and_not_only_when_it_looks(mail_server):
    with running(mail_server, poll=600) as process:
        time.sleep(0.5)  # by now it has found nothing, and waits
        mail_to("erin@example.com")
        assert wait_until(lambda: mail_server.mails)
        assert wait_until(lambda: Mail.objects.get().delivered)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert errors == ""


def test_it_survives_that_the_database_hangs_up(mail_server):
    with running(mail_server) as process:
        with connection.cursor() as cursor:
            for pid in backends():
                cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        assert wait_until(lambda: "The database is away" in process.stderr.readline())
        mail_to("erin@example.com")
        assert wait_until(lambda: mail_server.mails)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0


def test_what_it_was_at_when_it_was_killed_goes_out_again(mail_server):
    mail_server.delay = 30
    with running(mail_server) as process:
        mail = mail_to("erin@example.com")
        assert wait_until(lambda: mail_server.mails)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
    mail.refresh_from_db()
    assert (mail.state, mail.tries) == ("pending", 1)
    mail_server.delay = 0
    mail_server.come_back()
    first, second = mail_server.mails
    assert first["Message-ID"] == second["Message-ID"]
    mail.refresh_from_db()
    assert mail.state == "delivered"


def test_it_finishes_the_email_it_is_at_when_it_is_stopped(mail_server):
    mail_server.delay = 1
    with running(mail_server) as process:
        mail = mail_to("erin@example.com")
        assert wait_until(lambda: mail_server.mails)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    mail.refresh_from_db()
    assert mail.state == "delivered"
    assert len(mail_server.mails) == 1


def test_without_notifications_it_looks_by_itself(mail_server, monkeypatch):
    """As through a pooler that hands each transaction another connection."""
    monkeypatch.setattr("accounts.outbox.attempt._wake_worker", lambda: None)
    with running(mail_server):
        mail_to("erin@example.com")
        assert wait_until(lambda: mail_server.mails)
