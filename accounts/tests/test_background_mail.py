"""Emails in the background: a thread tries them, and no request waits."""

import threading

import pytest
from django.core.mail import EmailMessage
from django.db import OperationalError, transaction

from accounts.models import Mail
from accounts.outbox import attempt, queue, queue_all, queue_copies
from config.tests.clone import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
make = attempt.Background.make  # which conftest.py replaces


@pytest.fixture(autouse=True)
def in_threads(monkeypatch):
    monkeypatch.setattr(attempt.Background, "make", make)
    yield
    wait_for_threads()


def wait_for_threads():
    for thread in threading.enumerate():
        if thread.name == "outbox":
            thread.join(60)


def message(number):
    return EmailMessage(f"Number {number}", "Hello", to=[f"{number}@example.com"])


def test_nobody_waits_and_one_thread_sends_all(mail_server, monkeypatch):
    goes_on, in_time, deliver = threading.Event(), [], attempt.send

    def held_up(mails):
        in_time.append(goes_on.wait(60))
        yield from deliver(mails)

    monkeypatch.setattr(attempt, "send", held_up)
    mail_server.start()
    for number in range(3):
        queue(message(number), in_background=True)
    assert len([one for one in threading.enumerate() if one.name == "outbox"]) <= 2
    goes_on.set()
    wait_for_threads()
    assert all(in_time)
    assert {mail["Subject"] for mail in mail_server.mails} == {"Number 0", "Number 1", "Number 2"}
    assert {mail.state for mail in Mail.objects.all()} == {"delivered"}


def test_copies_for_thousands_are_a_threads(monkeypatch):
    asked = []
    monkeypatch.setattr(attempt, "after_commit", lambda _ids, **how: asked.append(how))
    queue_copies([(EmailMessage("Hello", "Hello"), ["ann@example.com", "bea@example.com"])])
    assert asked == [{"in_background": True}]


def test_what_is_rolled_back_is_not_sent(mail_server):
    mail_server.start()
    with transaction.atomic():
        queue(message(1), in_background=True)
        transaction.set_rollback(True)
    wait_for_threads()
    assert mail_server.mails == []


def test_those_that_are_waited_for_are_so_beside_it(mail_server):
    mail_server.start()
    with transaction.atomic():
        queue(message(1), in_background=True)
        mail = queue(message(2))
    mail.refresh_from_db()
    assert mail.state == "delivered"


def test_a_thread_that_broke_off_is_replaced(mail_server, monkeypatch):
    def break_off(mails):
        raise OperationalError("the database is away")

    mail_server.start()
    with monkeypatch.context() as patch:
        patch.setattr(attempt, "send", break_off)
        queue(message(1), in_background=True)
        wait_for_threads()
    queue(message(2), in_background=True)
    wait_for_threads()
    assert [mail["Subject"] for mail in mail_server.mails] == ["Number 2"]


def test_with_a_worker_it_is_the_workers(mail_server, settings, monkeypatch):
    told_by, tell = [], attempt._wake_worker
    monkeypatch.setattr(
        attempt, "_wake_worker", lambda: told_by.append(threading.current_thread().name) or tell()
    )
    settings.MAIL_DELIVERY = "worker"
    mail_server.start()
    queue(message(1), in_background=True)
    wait_for_threads()
    assert told_by == ["outbox"], "that is a commit of its own, which would show in the time"
    assert mail_server.visits == set()
    mail_server.come_back()
    assert len(mail_server.mails) == 1


def test_each_is_written_down_before_the_next(mail_server, monkeypatch):
    """So that a process that is killed sends one of five hundred twice, and leases no other."""
    states, deliver = [], attempt.send

    def looking(mails):
        for mail in mails:
            rows = Mail.objects.order_by("pk")
            states.append([(row.state, row.tries) for row in rows])
            yield from deliver([mail])

    monkeypatch.setattr(attempt, "send", looking)
    mail_server.start()
    with transaction.atomic():
        queue_all([message(1), message(2)], in_background=True)
    wait_for_threads()
    assert states == [
        [("pending", 1), ("pending", 0)],
        [("delivered", 1), ("pending", 1)],
    ]


def test_a_process_that_is_stopped_leaves_the_others_to_the_worker(mail_server, monkeypatch):
    monkeypatch.setattr(attempt.Background, "_is_ending", False)  # as it was, for later tests
    mail_server.start()
    mail_server.goes_on.clear()
    with transaction.atomic():
        queue_all([message(1), message(2)], in_background=True)
    assert wait_until(lambda: mail_server.mails)
    threading.Thread(target=let_go_on_at_the_end, args=[mail_server], daemon=True).start()
    attempt.Background.end()
    assert [mail.state for mail in Mail.objects.order_by("pk")] == ["delivered", "pending"]
    monkeypatch.undo()
    mail_server.come_back()
    assert [mail["Subject"] for mail in mail_server.mails] == ["Number 1", "Number 2"]


def let_go_on_at_the_end(mail_server):
    assert wait_until(lambda: attempt.Background._is_ending)
    mail_server.goes_on.set()


def test_the_end_waits_for_it_before_the_postgresql_stops_that_came_first(mail_server, monkeypatch):
    """What registered last with atexit is called first: so not when this module is imported."""
    registered = []
    monkeypatch.setattr(attempt.atexit, "register", registered.append)
    mail_server.start()
    with transaction.atomic():
        queue_all([message(1)], in_background=True)
    assert registered == [attempt.Background.end]
    attempt.Background.wait()
    assert Mail.objects.get().state == "delivered"


def test_a_database_that_restarts_learns_what_was_sent(mail_server, monkeypatch):
    mail_server.start()
    answers, settle = [OperationalError("restarting")], attempt.settle

    def away_once(outcomes):
        if answers:
            raise answers.pop()
        settle(outcomes)

    monkeypatch.setattr(attempt, "settle", away_once)
    queue(message(1), in_background=True)
    wait_for_threads()
    assert Mail.objects.get().state == "delivered"


def test_a_mail_server_that_is_away_is_asked_once(mail_server):
    with transaction.atomic():
        queue_all([message(1), message(2)], in_background=True)
    wait_for_threads()
    assert [mail.tries for mail in Mail.objects.order_by("pk")] == [1, 0]
    mail_server.come_back()
    assert len(mail_server.mails) == 2
