"""The waitlist in the admin: finding people, and letting them in."""

from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Event
from accounts.roles import PlatformRole
from accounts.verbs import Verb
from config import cast
from config.tests.admin_pages import url
from config.tests.at_once import at_once, browsers
from waitlist import forms, inviting_admin
from waitlist.inviting import invite
from waitlist.models import Entry
from waitlist.tests.people import expire, invited, waiting

pytestmark = pytest.mark.django_db

LIST = url(Entry, "changelist")
CHOSEN, NEXT = f"{LIST}invite/", f"{LIST}invite-next/"


def found(client, **query):
    """The names in the list, in its order."""
    entries = client.get(LIST, query).context["cl"].result_list
    return [entry.email.partition("@")[0] for entry in entries]


def choose(client, *entries, **form):
    """Choose these in the list, and press 'Go' beside 'Invite the chosen people'."""
    keys = [entry.pk for entry in entries]
    return client.post(LIST, {"action": "invite_selected", "_selected_action": keys} | form)


def confirm(client, page, **form):
    """Press the button of the page that asks."""
    asked = page.context["form"]
    hidden = {name: asked[name].value() for name in asked.fields if asked[name].value()}
    action = CHOSEN if "entries" in asked.fields else NEXT
    return client.post(action, hidden | form)


def told(response):
    """The newest message."""
    *_, message = get_messages(response.wsgi_request)
    return str(message)


@pytest.fixture
def clerk(bob):
    """Call it with a platform role for a browser of somebody who has it."""

    def clerk(role):
        bob.role = role
        bob.save()
        client = Client()
        client.force_login(bob)
        return client

    return clerk


# The list


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "an"}, ["anton", "ann"]),
        ({"q": " ANN@Example.com "}, ["ann"]),
        ({"q": "@acme.example"}, ["cleo"]),
        ({"q": "@example"}, []),
        ({"q": "utm_source=hn"}, ["cleo"]),
        ({"q": "utm_source="}, []),
        ({"q": "%"}, []),
        ({"q": "\\"}, []),
        ({"q": "="}, []),
        ({"days": "1"}, ["cleo", "anton", "ann"]),
        ({"o": "1"}, ["ann", "anton", "cleo"]),
        ({"o": "3"}, ["ann", "anton", "cleo"]),
    ],
)
def test_people_are_found_by_address_domain_and_how_they_came(operator, query, names):
    waiting("ann", "anton")
    Entry.objects.create(email="cleo@acme.example", source={"utm_source": "hn"})
    assert found(operator, **query) == names


def test_how_somebody_came_leads_to_all_who_came_so(operator):
    Entry.objects.create(email="cleo@example.com", source={"referrer": "a&b.example"})
    page = operator.get(LIST)
    assert 'href="/admin/waitlist/entry/?q=referrer%3Da%26b.example">a&amp;b.example<' in page.text


@pytest.mark.parametrize("confirming", [False, True])
def test_everybody_is_in_one_state_and_found_by_it(operator, settings, confirming):
    settings.WAITLIST_CONFIRM = confirming
    now = timezone.now()
    waiting("waiting", confirmed=now)
    waiting("unconfirmed")
    waiting("joined", joined=now, invited=now, token_hash="j", expires=now + timedelta(days=1))
    waiting("unsubscribed", unsubscribed=now, invited=now, token_hash="u", expires=now)
    waiting("invited", invited=now, token_hash="a", expires=now + timedelta(days=1))
    waiting("expired", invited=now, token_hash="b", expires=now - timedelta(days=1))
    for state in ("joined", "unsubscribed", "invited", "expired"):
        assert found(operator, state=state) == [state]
    if confirming:
        assert found(operator, state="unconfirmed") == ["unconfirmed"]
        assert found(operator, state="waiting") == ["waiting"]
    else:
        assert found(operator, state="unconfirmed") == []
        assert found(operator, state="waiting") == ["unconfirmed", "waiting"]
    assert len(found(operator, state="made up")) == 6


def test_the_list_says_since_when_somebody_is_in_their_state(operator):
    then = datetime(2026, 11, 20, 12, tzinfo=UTC)
    waiting("ann", invited=then, token_hash="a", expires=timezone.now() + timedelta(days=1))
    assert 'Invited<br><span class="quiet">20 Nov 2026</span>' in operator.get(LIST).text
    Entry.objects.update(invited=None, token_hash="", expires=None)
    assert '<td class="field-state">Waiting</td>' in operator.get(LIST).text


def test_the_list_costs_the_same_however_many_wait(operator):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            operator.get(LIST)
        return len(queries)

    waiting("ann")
    statements()
    few = statements()
    waiting("bea", "cleo", source={"utm_source": "hn"})
    assert statements() == few <= 3


def test_an_entry_typed_by_hand_is_stored_as_the_form_would(operator):
    operator.post(url(Entry, "add"), {"email": " Ａnn@Example.COM "})
    assert [entry.email for entry in Entry.objects.all()] == ["ann@example.com"]
    again = operator.post(url(Entry, "add"), {"email": "ANN@example.com"})
    assert "This address is on the waitlist already." in again.text
    assert Entry.objects.count() == 1


def test_another_address_begins_anew_and_the_link_of_the_old_one_is_dead(operator, olivia):
    [ann] = waiting("ann", confirmed=timezone.now())
    invite([ann.pk], by=olivia)
    page = url(Entry, "change", ann.pk)
    assert "begins anew" in operator.get(page).text
    operator.post(page, {"email": "anna@example.com"})
    ann.refresh_from_db()
    assert (ann.email, ann.token_hash) == ("anna@example.com", "")
    assert (ann.confirmed, ann.invited, ann.expires) == (None, None, None)


def test_another_address_that_has_an_account_has_joined(operator):
    cast.person("erin")
    [ann] = waiting("ann")
    operator.post(url(Entry, "change", ann.pk), {"email": "erin@example.com"})
    ann.refresh_from_db()
    assert ann.joined


# The chosen


def test_the_chosen_are_invited_after_it_was_said_how_many_get_an_email(operator, olivia):
    ann, bea, late, gone = waiting("ann", "bea", "late", "gone")
    waiting("other")
    invite([late.pk], by=olivia)
    expire(late)
    Entry.objects.filter(pk=gone.pk).update(unsubscribed=timezone.now())
    mail.outbox.clear()

    page = choose(operator, ann, bea, late, gone)
    assert "3 people get an email" in page.text
    assert "Left out: 1 unsubscribed." in page.text
    assert mail.outbox == []

    answer = confirm(operator, page)
    assert answer.headers["Location"] == LIST
    assert told(answer) == "3 people were invited. Left out: 1 unsubscribed."
    assert invited() == ["ann", "bea", "late"]
    assert len(mail.outbox) == 3
    assert Event.objects.filter(verb=Verb.WAITLIST_INVITED, actor_id=olivia.pk).count() == 4


def test_who_got_a_link_is_left_out_unless_a_new_one_is_asked_for(operator, olivia):
    ann, bea = waiting("ann", "bea")
    invite([ann.pk], by=olivia)
    page = choose(operator, ann, bea)
    assert "1 person gets an email" in page.text
    assert "Send a new link also to 1 person" in page.text
    answer = confirm(operator, page)
    assert told(answer) == "1 person was invited. Left out: 1 got a link that still works."
    answer = confirm(operator, page, again="on")
    assert told(answer) == "2 people were invited."


def test_a_new_link_is_sent_where_that_is_all_there_is_to_do(operator, olivia):
    [ann] = waiting("ann")
    invite([ann.pk], by=olivia)
    page = choose(operator, ann)
    assert "Send a new link to 1 person" in page.text
    assert told(confirm(operator, page)) == "1 person was invited."
    assert len(mail.outbox) == 2


def test_where_nobody_can_be_invited_it_is_said_why(operator, settings):
    settings.WAITLIST_CONFIRM = True
    [ann] = waiting("ann")
    [bea] = waiting("bea", joined=timezone.now())
    answer = choose(operator, ann, bea)
    assert told(answer) == (
        "Nobody can be invited. Left out: 1 joined already, 1 did not confirm the address yet."
    )


def test_who_joins_or_leaves_meanwhile_is_left_out_and_it_is_said(operator):
    ann, bea, cleo = waiting("ann", "bea", "cleo")
    page = choose(operator, ann, bea, cleo)
    Entry.objects.filter(pk=ann.pk).update(joined=timezone.now())
    bea.delete()
    answer = confirm(operator, page)
    assert told(answer) == "1 person was invited. Left out: 1 joined already."


def test_more_than_can_be_invited_at_once_are_refused(operator, monkeypatch):
    for module in (forms, inviting_admin):
        monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    entries = waiting("ann", "bea", "cleo")
    assert told(choose(operator, *entries)) == "Invite at most 500 people at once."
    keys = [entry.pk for entry in entries]
    assert told(operator.post(CHOSEN, {"entries": keys})) == "Invite at most 500 people at once."
    assert invited() == []


@pytest.mark.parametrize("keys", [[], ["no key"], ["a\x00b"]])
def test_made_up_rows_are_refused(operator, keys):
    answer = operator.post(CHOSEN, {"entries": keys})
    assert answer.headers["Location"] == LIST
    assert told(answer)


# The next


def test_the_next_are_invited_after_it_was_said_how_many_get_an_email(operator):
    waiting("ann", "bea", "cleo")
    assert f'href="{NEXT}"' in operator.get(LIST).text
    assert 'name="number"' in operator.get(NEXT).text
    page = operator.post(NEXT, {"number": "2"})
    assert "2 people get an email" in page.text
    assert mail.outbox == []
    answer = confirm(operator, page)
    assert answer.headers["Location"] == LIST
    assert told(answer) == "2 people were invited."
    assert invited() == ["ann", "bea"]


def test_fewer_than_asked_for_are_as_many_as_wait(operator):
    waiting("ann")
    page = operator.post(NEXT, {"number": "500"})
    assert "1 person gets an email" in page.text
    waiting("bea")
    assert told(confirm(operator, page)) == "1 person was invited."
    assert invited() == ["ann"]


def test_a_button_that_is_pressed_twice_counts_once(operator):
    waiting("ann", "bea")
    page = operator.post(NEXT, {"number": "1"})
    confirm(operator, page)
    assert told(confirm(operator, page)) == "The button was pressed twice, and counted once."
    assert invited() == ["ann"]


@pytest.mark.django_db(transaction=True)
def test_a_button_that_is_pressed_twice_at_once_counts_once(operator, olivia):
    waiting("ann", "bea")
    page = operator.post(NEXT, {"number": "1"})
    at_once(*(partial(confirm, browser, page) for browser in browsers(olivia, 2)))
    assert invited() == ["ann"]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("501", "Invite at most 500 people at once."),
        ("0", "greater than or equal to 1"),
        ("", "This field is required."),
        ("ten", "Enter a whole number."),
    ],
)
def test_a_number_that_is_none_is_answered_beside_the_field(operator, number, why):
    page = operator.post(NEXT, {"number": number, "sure": uuid4()})
    assert why in page.text
    assert 'type="number"' in page.text


def test_where_nobody_waits_there_is_nothing_to_ask(operator):
    page = operator.post(NEXT, {"number": "1"})
    assert "Nobody is waiting." in page.text
    assert 'type="number"' in page.text


# Who may


@pytest.mark.parametrize("page", [CHOSEN, NEXT])
@pytest.mark.parametrize("method", ["get", "post"])
def test_staff_let_nobody_in(clerk, page, method):
    [ann] = waiting("ann")
    staff = clerk(PlatformRole.STAFF)
    form = {"number": "1", "sure": uuid4(), "entries": [ann.pk]} if method == "post" else {}
    assert getattr(staff, method)(page, form).status_code == 403
    assert choose(staff, ann).status_code == 403
    listed = staff.get(LIST).text
    assert "invite_selected" not in listed
    assert NEXT not in listed
    assert invited() == []


def test_admins_let_people_in(clerk):
    ann, _bea = waiting("ann", "bea")
    admin = clerk(PlatformRole.ADMIN)
    confirm(admin, choose(admin, ann))
    confirm(admin, admin.post(NEXT, {"number": "1"}))
    assert invited() == ["ann", "bea"]


@pytest.mark.parametrize("page", [CHOSEN, NEXT])
def test_nobody_else_finds_the_pages(client, page):
    assert client.get(page).headers["Location"].startswith("/admin/login/")


def test_without_a_waitlist_nobody_is_let_in(operator, settings):
    """The links would lead nowhere."""
    settings.WAITLIST_ENABLED = False
    waiting("ann")
    assert operator.post(NEXT, {"number": "1", "sure": uuid4()}).status_code == 403
    listed = operator.get(LIST).text
    assert "invite_selected" not in listed
    assert NEXT not in listed
    assert invited() == []


def test_to_ask_and_to_invite_cost_the_same_however_many(operator):
    def statements(number):
        with CaptureQueriesContext(connection) as queries:
            confirm(operator, operator.post(NEXT, {"number": str(number)}))
        return len([query for query in queries if "SAVEPOINT" not in query["sql"]])

    waiting(*(f"n{number}" for number in range(20)))
    statements(1)
    assert statements(1) == statements(9)
