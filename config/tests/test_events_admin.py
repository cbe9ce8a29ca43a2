"""The audit trail in the admin: who did what to whom, found and never changed."""

from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Event, User
from accounts.verbs import Verb
from config.tests.admin_pages import url
from orgs.models import Organization

LIST = url(Event, "changelist")


def lines(page):
    """Return what each line of the list says happened."""
    return [str(event) for event in page.context["cl"].result_list]


def test_a_line_reads_as_a_sentence(operator, olivia, alice, bob, acme):
    Event.record(Verb.BANNED, by=alice, subject=bob, personal={"reason": "spam"})
    Event.record(Verb.PASSWORD_CHANGED, by=bob)
    Event.record(Verb.EMAIL_REMOVED, by=olivia, subject=bob)
    Event.record(Verb.EMAIL_REMOVED, by=bob)
    Event.record(Verb.ROLE_CHANGED, by=None, subject=bob)
    Event.objects.create(verb=Verb.SIGN_IN_FAILED, subject_label="", request_id="0123")
    Event.objects.create(verb=Verb.INVITED, actor_id=bob.pk, impersonator_id=olivia.pk)
    Event.objects.create(verb="account.danced", actor_id=acme.pk)
    page = operator.get(LIST)
    assert lines(page)[:8] == [
        "An erased person account.danced",
        "Olivia Example as Bob Example invited",
        "A visitor failed to sign in",
        "A command changed the role of Bob Example",
        "Bob Example removed an email address",
        "Olivia Example removed an email address of Bob Example",
        "Bob Example changed the password",
        "Alice Example banned Bob Example",
    ]
    assert "reason: spam" in page.text
    assert "Acme</a>" in page.text


def test_details_read_as_words(operator, alice):
    Event.record(Verb.ROW_CHANGED, by=alice, table="projects.project", fields=["name", "slug"])
    assert "table: projects.project; fields: name, slug" in operator.get(LIST).text


def test_of_an_erased_person_the_trail_says_so(operator, olivia, bob):
    Event.record(Verb.SIGNED_IN, by=bob)
    Event.record(Verb.UNBANNED, by=olivia, subject=bob)
    User.objects.filter(pk=bob.pk).delete()
    told = lines(operator.get(LIST))
    assert told == [
        "Olivia Example lifted the ban of an erased person",
        "An erased person signed in",
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "ali"}, ["invited", "banned", "signed in"]),
        ({"q": "BOB@"}, ["banned"]),
        ({"q": "acm"}, ["invited"]),
        ({"q": "192.0.2.7"}, ["signed in"]),
        ({"q": "request-1"}, ["signed in"]),
        ({"q": "erin@example.com"}, ["invited"]),
        ({"q": "192.0.2"}, []),
        ({"q": "nobody"}, []),
        ({"verb": "account.banned"}, ["banned"]),
        ({"impersonated": "yes"}, ["banned"]),
        ({"impersonated": "no"}, ["invited", "signed in"]),
        ({"days": "1"}, ["banned", "signed in"]),
        ({"days": "30", "verb": "invitation.sent"}, []),
        ({"days": "x", "verb": "account.banned"}, ["banned"]),
    ],
    ids=str,
)
def test_events_are_found_by_whom_where_what_and_when(query, found, operator, alice, bob, acme):
    ours = {
        Event.objects.create(verb=verb, **fields).pk: str(verb.label)
        for verb, fields in {
            Verb.INVITED: {
                "pk": "01900000-0000-7000-8000-000000000000",  # in 2024
                "actor_id": alice.pk,
                "subject_label": "erin@example.com",
                "organization_id": acme.pk,
            },
            Verb.BANNED: {
                "actor_id": alice.pk,
                "subject_id": bob.pk,
                "impersonator_id": acme.pk,
            },
            Verb.SIGNED_IN: {
                "actor_id": alice.pk,
                "ip": "192.0.2.7",
                "request_id": "request-1",
            },
        }.items()
    }
    shown = [str(event.pk) for event in operator.get(LIST, query).context["cl"].result_list]
    assert [label for pk, label in ours.items() if str(pk) in shown] == found


def test_who_and_where_lead_to_everything_of_theirs(operator, alice, acme):
    Event.record(Verb.SIGNED_IN, by=alice)
    for query in ({"actor_id": alice.pk}, {"organization_id": acme.pk}):
        path = f"{LIST}?{urlencode(query)}"
        assert f'href="{path}"' in operator.get(LIST).text
        assert lines(operator.get(path))
        assert lines(operator.get(LIST, {next(iter(query)): uuid4()})) == []


def test_a_page_costs_five_statements_however_many_people_are_in_it(operator):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            assert operator.get(LIST).status_code == 200
        return len(queries)

    def make(numbers):
        for n in numbers:
            person = User.objects.create_user(f"person-{n}@example.com")
            Organization.create(name=f"Org {n}", slug=f"org-{n}", by=person)

    make(range(3))
    assert statements() == 5  # session, count, events, people, organizations
    make(range(3, 30))
    assert statements() == 5


def test_it_is_only_to_look_at(operator, olivia):
    event = Event.record(Verb.SIGNED_IN, by=olivia)
    assert operator.post(url(Event, "add"), {}).status_code == 403
    assert operator.post(url(Event, "change", event.pk), {"verb": "x"}).status_code == 403
    assert operator.post(url(Event, "delete", event.pk), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in operator.get(LIST).text
    assert "Olivia Example" in operator.get(url(Event, "change", event.pk)).text


def test_a_persons_page_shows_their_newest_events(operator, alice, bob):
    for _ in range(6):
        Event.record(Verb.SIGNED_IN, by=alice)
    Event.record(Verb.BANNED, by=bob, subject=alice)
    page = operator.get(url(User, "change", alice.pk)).text
    assert "Bob Example banned Alice Example" in page
    assert page.count("Alice Example signed in") == 4
