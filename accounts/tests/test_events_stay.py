"""The audit trail stays as it was written, but does not tell who an erased person was."""

from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from accounts.models import Event, User
from accounts.verbs import Verb

IP = "192.0.2.7"


def happened(by=None, subject=None, **fields):
    """Return a new event with an IP address, and with personal values beside others."""
    row = {
        "verb": Verb.ACCOUNT_EDITED,
        "actor_id": by and by.pk,
        "subject_kind": subject._meta.model_name if subject else "",
        "subject_id": subject and subject.pk,
        "subject_label": str(subject or ""),
        "ip": IP,
        "data": {"n": 1, "personal": {"name": "X"}},
    }
    return Event.objects.create(**row | fields)


def execute(sql, *parameters):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def told(event):
    """Return what the event tells of people: IP address, label, data."""
    return Event.objects.values_list("ip", "subject_label", "data").get(pk=event.pk)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM accounts_event",
        "UPDATE accounts_event SET verb = 'account.unbanned'",
        "UPDATE accounts_event SET created = now() - interval '1 day'",
        "UPDATE accounts_event SET id = gen_random_uuid()",
        "UPDATE accounts_event SET actor_id = NULL",
        "UPDATE accounts_event SET subject_id = NULL",
        "UPDATE accounts_event SET impersonator_id = actor_id",
        "UPDATE accounts_event SET organization_id = actor_id",
        "UPDATE accounts_event SET request_id = 'another'",
        "UPDATE accounts_event SET ip = '192.0.2.8'",
        "UPDATE accounts_event SET data = '{}'",
        "UPDATE accounts_event SET data = data || '{\"personal\": {}}'",
        "UPDATE accounts_event SET subject_label = 'Carol'",
        # What may be blanked once a person is gone is refused while they are there.
        "UPDATE accounts_event SET ip = NULL",
        "UPDATE accounts_event SET subject_label = ''",
        "UPDATE accounts_event SET subject_label = '', data = data - 'personal'",
        "TRUNCATE accounts_event",
    ],
)
def test_an_event_is_neither_changed_nor_deleted(change, alice, bob):
    happened(alice, bob)
    with pytest.raises(IntegrityError, match="events are n"):
        execute(change)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM accounts_event",
        "UPDATE accounts_event SET verb = 'account.unbanned'",
        "UPDATE accounts_event SET data = data - 'n'",
        "UPDATE accounts_event SET subject_label = 'Carol'",
        "UPDATE accounts_event SET ip = '192.0.2.8'",
        "UPDATE accounts_event SET actor_id = NULL",
    ],
)
def test_nor_is_it_when_everybody_in_it_is_gone(change, alice, bob):
    event = happened(alice, bob)
    User.objects.all().delete()
    assert told(event) == (None, "", {"n": 1})
    with pytest.raises(IntegrityError, match="events are neither"):
        execute(change)


def test_the_admins_and_the_shells_ways_are_refused_too(alice):
    event = happened(alice)
    event.verb = Verb.BANNED
    for way in (event.delete, event.save, Event.objects.all().delete):
        with pytest.raises(IntegrityError), transaction.atomic():
            way()


def test_a_label_that_is_no_address_stays_for_ever(alice, acme):
    happened(alice, acme, subject_label="Acme")
    with pytest.raises(IntegrityError):
        execute("UPDATE accounts_event SET subject_label = '' WHERE subject_label = 'Acme'")


@pytest.mark.django_db(transaction=True)
def test_flush_empties_people_and_events_together(alice):
    happened(alice)
    call_command("flush", interactive=False, verbosity=0)
    assert not Event.objects.exists()


def test_of_people_who_are_truncated_nothing_is_told_either(alice, bob):
    event = happened(alice, bob)
    connection.check_constraints()  # PostgreSQL truncates no table with checks still to come
    execute("TRUNCATE accounts_user CASCADE")
    assert told(event) == (None, "", {"n": 1})


@pytest.mark.parametrize(
    "erase",
    [
        lambda bob: bob.delete(),
        lambda bob: User.objects.filter(pk=bob.pk).delete(),
        lambda bob: execute("DELETE FROM accounts_user WHERE id = %s", bob.pk),
    ],
    ids=["the model", "a queryset", "SQL"],
)
def test_erasing_a_person_blanks_what_tells_who_they_were_and_keeps_the_rest(erase, olivia, bob):
    EmailAddress.objects.filter(user=bob).delete()
    own, done_to_them = happened(bob), happened(olivia, bob)
    bobs_id = bob.pk
    erase(bob)
    assert told(own) == (None, "", {"n": 1})
    assert told(done_to_them) == (IP, "", {"n": 1})
    own.refresh_from_db()
    assert (own.actor_id, own.verb) == (bobs_id, Verb.ACCOUNT_EDITED)


def test_what_others_did_keeps_their_address_and_what_it_tells_of_others(olivia, bob, charlie):
    others = happened(olivia, charlie)
    by_bob = happened(bob, charlie)
    bob.delete()
    personal = {"n": 1, "personal": {"name": "X"}}
    assert told(others) == (IP, "Charlie Example", personal)
    assert told(by_bob) == (None, "Charlie Example", personal)


def test_the_ip_address_is_the_impersonators_as_long_as_they_are_there(olivia, bob):
    event = happened(bob, impersonator_id=olivia.pk)
    User.objects.filter(pk=bob.pk).delete()
    assert told(event) == (IP, "", {"n": 1})
    execute("DROP TRIGGER last_owner_is_not_deleted ON accounts_user")
    User.objects.filter(pk=olivia.pk).delete()
    assert told(event) == (None, "", {"n": 1})


def test_a_visitors_ip_address_goes_with_the_person_they_came_as(bob):
    event = happened(None, bob, verb=Verb.SIGN_IN_FAILED)
    bob.delete()
    assert told(event) == (None, "", {"n": 1})


def invited(by, address):
    return happened(
        by, verb=Verb.INVITED, subject_kind="invitation", subject_id=uuid4(), subject_label=address
    )


def test_an_invitation_to_an_erased_person_forgets_the_address(alice, bob):
    confirmed = {"personal": {"email": "bob@elsewhere.example"}}
    happened(bob, verb=Verb.EMAIL_CONFIRMED, data=confirmed)
    addresses = ["bob@example.com", "bob@elsewhere.example", "erin@example.com"]
    events = [invited(alice, address) for address in addresses]
    bob.delete()
    assert [told(event)[1] for event in events] == ["", "", "erin@example.com"]


def test_an_address_that_somebody_else_has_by_now_is_theirs(alice, bob, charlie):
    confirmed = {"personal": {"email": "shared@example.com"}}
    happened(bob, verb=Verb.EMAIL_CONFIRMED, data=confirmed)
    EmailAddress.objects.create(user=charlie, email="shared@example.com", verified=True)
    event = invited(alice, "shared@example.com")
    bob.delete()
    assert told(event)[1] == "shared@example.com"
    with pytest.raises(IntegrityError):
        execute("UPDATE accounts_event SET subject_label = '' WHERE id = %s", event.pk)


def scans():
    """Return how often this connection read all events, and how often some by an index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_scan, idx_scan FROM pg_stat_xact_user_tables"
            " WHERE relname = 'accounts_event'"
        )
        return cursor.fetchone()


def test_erasing_a_person_reads_no_events_but_theirs(alice, bob):
    happened(bob, alice)
    invited(alice, "bob@example.com")
    execute("DELETE FROM account_emailaddress")
    execute("DISCARD PLANS")
    execute("SET LOCAL enable_seqscan = off")  # where there is an index, it is used now
    whole, by_index = scans()
    execute("DELETE FROM accounts_user WHERE id = %s", bob.pk)
    assert scans()[0] == whole
    assert scans()[1] > by_index


@pytest.mark.parametrize(
    "change", ["TRUNCATE accounts_event", "UPDATE accounts_event SET ip = NULL"]
)
def test_a_temporary_table_in_the_place_of_people_changes_nothing(alice, change):
    happened(alice)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE accounts_user (id uuid, email text)")
    try:
        with pytest.raises(IntegrityError, match="events are"):
            execute(change)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE pg_temp.accounts_user")
