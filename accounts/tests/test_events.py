"""What writes a line of the audit trail, and what stands in it."""

import pytest
from django.db import transaction

from accounts.models import Event
from accounts.verbs import Verb


def test_an_event_is_one_statement(olivia, bob, django_assert_num_queries):
    with django_assert_num_queries(1):
        Event.record(Verb.BANNED, by=olivia, subject=bob, personal={"reason": "spam"})


def test_an_unknown_verb_is_refused(olivia):
    with pytest.raises(ValueError, match=r"account\.danced"):
        Event.record("account.danced", by=olivia)


def test_an_event_goes_with_the_transaction_it_was_written_in(olivia):
    with transaction.atomic():
        Event.record(Verb.BANNED, by=olivia)
        transaction.set_rollback(True)
    assert not Event.objects.exists()


def test_outside_a_request_there_is_no_address(bob):
    event = Event.record(Verb.ROLE_CHANGED, by=None, subject=bob)
    assert (event.actor_id, event.ip, event.request_id) == (None, None, "")
