"""Deleting many rows in /admin/: the number is named and typed, and is the number that goes."""

import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.browsing import deleting
from accounts.events import Event
from accounts.models import User
from accounts.verbs import Verb
from config.tests.admin_pages import url
from orgs.models import Organization
from waitlist.models import Entry

pytestmark = pytest.mark.django_db

LIST = url(Entry, "changelist")


@pytest.fixture
def entries():
    return wait(250)


def wait(number, who="ann"):
    entries = [Entry(email=f"{who}-{n}@example.com", source={}) for n in range(number)]
    return Entry.objects.bulk_create(entries)


def choose_all(operator, query=""):
    """Press 'select all' and 'delete'; return the page that asks."""
    ticked = Entry.objects.latest("pk").pk
    chosen = {"action": "delete_selected", "select_across": 1, "index": 0}
    return operator.post(LIST + query, chosen | {"_selected_action": ticked})


def answer(operator, asked, number, query=""):
    sent = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked.text)
    form = {name: value for name, value in sent if name != "csrfmiddlewaretoken"}
    return operator.post(LIST + query, form | {"number": number})


def test_the_number_is_named_and_typed_and_goes(operator, olivia, entries):
    asked = choose_all(operator)
    assert "Delete 250 entries?" in asked.text
    assert Entry.objects.count() == 250
    gone = answer(operator, asked, "250")
    assert gone.headers["Location"] == LIST
    assert not Entry.objects.exists()
    assert "250 entries are deleted." in operator.get(LIST).text
    told = Event.objects.filter(verb=Verb.WAITLIST_DELETED, actor_id=olivia.pk)
    assert {event.subject_id for event in told} == {entry.pk for entry in entries}


@pytest.mark.parametrize("number", ["", "25", "251", "all"])
def test_another_number_deletes_nothing_and_asks_again(operator, entries, number):
    again = answer(operator, choose_all(operator), number)
    assert "Type 250" in again.text
    assert Entry.objects.count() == 250
    assert answer(operator, again, "250").status_code == 302
    assert not Entry.objects.exists()


def test_what_appears_meanwhile_is_not_taken_along(operator, entries):
    asked = choose_all(operator)
    [late] = wait(1, "late")
    answer(operator, asked, "250")
    assert Entry.objects.get() == late


def test_if_one_is_gone_meanwhile_it_asks_again(operator, entries):
    asked = choose_all(operator)
    entries[7].delete()
    again = answer(operator, asked, "250")
    assert "Delete 249 entries?" in again.text
    assert "The list has changed" in again.text
    assert Entry.objects.count() == 249
    answer(operator, again, "249")
    assert not Entry.objects.exists()


def test_all_are_those_that_were_searched_for(operator, entries):
    wait(20, "bea")
    asked = choose_all(operator, "?q=bea")
    assert "Delete 20 entries?" in asked.text
    answer(operator, asked, "20", "?q=bea")
    assert Entry.objects.count() == 250


def test_all_cannot_be_deleted_without_being_asked(operator, entries):
    ticked = {"_selected_action": entries[0].pk}
    form = {"action": "delete_selected", "select_across": 1, "post": "yes", "number": "250"}
    assert "Delete 250 entries?" in operator.post(LIST, form | ticked).text
    assert Entry.objects.count() == 250


def test_a_few_are_named(operator, entries):
    few = [entries[7], entries[9]]
    chosen = {"action": "delete_selected", "_selected_action": [entry.pk for entry in few]}
    asked = operator.post(LIST, chosen).text
    assert "Delete 2 entries?" in asked
    assert all(url(Entry, "change", entry.pk) in asked for entry in few)


def test_a_few_need_a_click_alone(operator, entries):
    ticked = [entry.pk for entry in entries[: deleting.MOST_CLICKED]]
    form = {"action": "delete_selected", "_selected_action": ticked}
    asked = operator.post(LIST, form | {"index": 0})
    assert "Delete 10 entries?" in asked.text
    assert "number" not in asked.text.partition("<form")[2]
    operator.post(LIST, form | {"post": "yes"})
    assert Entry.objects.count() == 240


def test_more_than_the_bound_are_refused_with_a_way_out(operator, entries, monkeypatch):
    monkeypatch.setattr(admin.site._registry[Entry], "most_deleted", 249)
    page = operator.get(choose_all(operator).headers["Location"])
    assert "At most 249 entries are deleted at once. Choose fewer" in page.text


def test_many_cost_three_statements_a_step(operator, entries, monkeypatch):
    def statements(step):
        monkeypatch.setattr(deleting, "AT_ONCE", step)
        asked = choose_all(operator)
        with CaptureQueriesContext(connection) as queries:
            answer(operator, asked, str(Entry.objects.count()))
        return len(queries)

    once = statements(250)
    wait(250)
    assert statements(50) == once + 4 * 3
    assert once <= 14


def test_made_up_answers_are_refused(operator, entries):
    form = {"action": "delete_selected", "_selected_action": entries[0].pk, "post": "yes"}
    assert operator.post(LIST, form | {"newest": "x"}).status_code == 400
    assert operator.post(LIST, form | {"named": "x"}).status_code == 200
    assert Entry.objects.count() == 250


def test_what_hangs_on_a_row_is_counted_and_not_listed(operator, acme, bob):
    page = operator.get(url(Organization, "delete", acme.pk)).text
    assert "Delete the organization “Acme”?" in page
    assert "Memberships: 3" in page
    assert "Bob" not in page
    page = operator.get(url(User, "delete", bob.pk)).text
    assert "Memberships: 1" in page


def test_looking_deletes_nothing(operator, entries, acme):
    operator.get(url(Entry, "delete", entries[0].pk), {"post": "yes"})
    operator.get(LIST, {"action": "delete_selected", "post": "yes", "select_across": 1})
    assert Entry.objects.count() == 250
