"""'Erase me' leaves nothing of an address; PostgreSQL sees to it, whichever way the row goes."""

import pytest
from django.core.mail import EmailMessage
from django.db import connection

from accounts import limits
from accounts.models import Attempt, Event, Mail
from accounts.outbox import queue
from accounts.verbs import Verb
from config.tests.admin_pages import url
from waitlist.models import Entry
from waitlist.tests.people import entry, joins, mailed

pytestmark = pytest.mark.django_db

ANN = "ann@example.com"


def by_the_link(client, mailoutbox):
    answer = client.post(mailed("leave", mailoutbox) + "erase/", follow=True)
    assert "Nothing is kept" in answer.text


def by_another_address(client, mailoutbox):
    client.post(url(Entry, "change", entry().pk), {"email": "eve@example.com"})
    assert entry("eve@example.com")


def by_sql(client, mailoutbox):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM waitlist_entry WHERE email = %s", [ANN])


def in_the_admin(client, mailoutbox):
    client.post(url(Entry, "delete", entry().pk), {"post": "yes"})


@pytest.fixture
def known(settings, operator, olivia, mailoutbox):
    """Ann has joined, was written to, and was invited; so was Bea."""
    settings.WAITLIST_CONFIRM = True
    for email in ("bea@example.com", ANN):
        joins(operator, email, utm_source="fair")
        limits.count("login_failed", email, 5, 300)
        queue(EmailMessage("Hello", "Hello", to=[email]))
        personal = {"typed": email}
        Event.record(Verb.WAITLIST_INVITED, by=olivia, subject=entry(email), personal=personal)


def kept(table):
    """Return all that a table says, as text."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {table}::text FROM {table}")
        return str(cursor.fetchall())


TABLES = [model._meta.db_table for model in (Entry, Mail, Event, Attempt)]


@pytest.mark.parametrize("way", [by_the_link, by_another_address, by_sql, in_the_admin])
def test_nothing_that_names_the_address_is_kept(known, operator, mailoutbox, way):
    mailoutbox[:] = [mail for mail in mailoutbox if mail.subject != "Hello"]
    assert all(ANN in kept(table) for table in TABLES)
    way(operator, mailoutbox)
    assert [table for table in TABLES if ANN in kept(table)] == []
    assert all("bea@example.com" in kept(table) for table in TABLES)
    assert Event.objects.filter(verb=Verb.WAITLIST_INVITED).count() == 2


def test_what_belongs_to_an_account_stays_until_that_goes(known, alice):
    alice.email = ANN
    alice.save()
    entry().erase()
    assert not Attempt.objects.filter(key__startswith="waitlist_mail", key__endswith=ANN).exists()
    assert all(ANN in kept(table) for table in ("accounts_mail", "accounts_event"))
    assert Attempt.objects.filter(key__startswith="login_failed", key__endswith=ANN).exists()
    alice.erase(by=alice)
    assert not any(ANN in kept(table) for table in ("accounts_mail", "accounts_event"))


def test_many_are_deleted_with_as_few_statements(known, django_assert_num_queries):
    with django_assert_num_queries(1):
        Entry.objects.all().delete()
    assert "example.com" not in kept("accounts_mail")
