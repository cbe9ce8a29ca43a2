"""What two do about one address at the same moment: neither waits for the other in a circle."""

import threading
import time

import pytest
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import Mail, User
from accounts.outbox import queue
from waitlist import emails
from waitlist.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_account_is_deleted_while_its_person_unsubscribes(settings, charlie):
    settings.MAIL_DELIVERY = "worker"
    Entry.join(charlie.email)
    queue(EmailMessage("Hello", "Hello", to=[charlie.email]))
    deletion = threading.Thread(target=deletes, args=(charlie.email,))
    with transaction.atomic():  # as Entry.unsubscribe, which this stands in the middle of
        Entry.objects.update(unsubscribed=Now())
        deletion.start()
        until_somebody_waits()
        Mail.objects.filter(recipients=[charlie.email]).delete()
        emails.withdraw(charlie.email)
    deletion.join()
    assert not User.objects.filter(email=charlie.email).exists()
    assert not Entry.objects.exists()
    assert not Mail.objects.exists()


def deletes(email):
    try:
        User.objects.filter(email=email).delete()
    finally:
        connection.close()


def until_somebody_waits():
    """Return once another connection waits for a lock."""
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
            if cursor.rowcount:
                return
        time.sleep(0.02)
    pytest.fail("nobody waits")
