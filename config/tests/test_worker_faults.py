"""`manage.py deliver_mail` while the database restarts, falls silent or takes no writes."""

import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from config.env import BASE_DIR
from config.tests.clone import wait_until
from config.tests.mail_server import MailServer
from config.tests.processes import PRODUCTION, printed_by
from config.tests.served import Hole

pytestmark = pytest.mark.slow

QUEUE = """
import config.wsgi
from django.core.mail import EmailMessage
from accounts.outbox import queue

for number in range(2):
    queue(EmailMessage("Hello", "text", to=[f"person-{number}@example.com"]))
"""
HAS_LOOKED = """
SELECT count(*) FROM pg_stat_activity WHERE application_name ~ '-worker$' AND query = 'COMMIT'
"""
UNDELIVERED = "SELECT count(*) FROM accounts_mail WHERE delivered IS NULL"


@contextmanager
def restarting(server, _hole):
    server.restart()
    yield


@contextmanager
def silent(_server, hole):
    with hole.swallowing():
        yield
        time.sleep(6)  # five until the worker gives up, and some more


@contextmanager
def read_only(server, _hole):
    set_read_only(server, "on")
    yield
    time.sleep(2)
    set_read_only(server, "off")


def set_read_only(server, value):
    """For all sessions, those that are there included: they have to connect anew."""
    own = {"options": "-c default_transaction_read_only=off"}
    server.ask(f"ALTER DATABASE groundwork SET default_transaction_read_only = {value}", **own)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    server.ask(f"{others} AND usename = 'groundwork'", **own)


@pytest.mark.parametrize("fault", [restarting, silent, read_only])
def test_the_worker_goes_on_by_itself_and_loses_no_email(migrated, fault):
    mail_server = MailServer()
    mail_server.start()
    variables = PRODUCTION | {"ENVIRONMENT": "test", "MAIL_DELIVERY": "worker"}
    variables |= {"SMTP_PORT": str(mail_server.port), "SMTP_STARTTLS": "false"}
    with (
        Hole(migrated.port) as hole,
        worker(variables | {"DATABASE_URL": hole.instead_of(migrated)}),
    ):
        assert wait_until(lambda: migrated.ask(HAS_LOOKED))
        with fault(migrated, hole):
            options = "?options=-c%20default_transaction_read_only%3Doff"
            printed_by("-c", QUEUE, **variables | {"DATABASE_URL": f"{migrated.url()}{options}"})
        # Also what a claim asks for that reaches the database when the worker has given up.
        assert wait_until(lambda: not migrated.ask(UNDELIVERED))
    mail_server.stop()
    taken = {mail["To"] for mail in mail_server.mails}
    assert taken == {"person-0@example.com", "person-1@example.com"}


@contextmanager
def worker(variables):
    process = subprocess.Popen(
        [sys.executable, "manage.py", "deliver_mail"], cwd=BASE_DIR, env=variables
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
