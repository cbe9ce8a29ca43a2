"""The audit trail of an organization: what happened there, found by person, verb and day."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from uuid_utils.compat import uuid7

from accounts.events import Event, first_id
from accounts.models import User
from accounts.pages import SIZE
from accounts.verbs import Verb
from orgs.roles import Role

EVENTS = "/o/acme/events/"


def lines(page):
    return [str(event) for event in page.context["events"]]


@pytest.fixture
def trail(acme, alice, signed_in):
    """Call it with a query for the page that Alice sees, or with a path."""
    browser = signed_in(alice)
    return lambda path=EVENTS, **query: browser.get(path, query)


@pytest.fixture
def happen(acme, alice):
    """Call it to let something happen in Acme, at a moment if one is given."""

    def happen(verb=Verb.ORGANIZATION_EDITED, *, by=alice, subject=None, at=None, **fields):
        if at:
            fields["pk"] = UUID(int=first_id(at).int + uuid4().int % 2**62)
        return Event.objects.create(
            verb=verb,
            actor_id=by and by.pk,
            subject_kind=subject._meta.model_name if subject else "",
            subject_id=subject and subject.pk,
            subject_label=str(subject or ""),
            organization_id=acme.pk,
            **fields,
        )

    return happen


def test_it_shows_what_happened_here_and_nowhere_else(acme, birch, alice, bob, charlie, trail):
    birch.add_user(bob, by=charlie)
    Event.record(Verb.SIGNED_IN, by=alice)
    acme.add_user(charlie, Role.ADMIN, by=alice)
    assert lines(trail()) == [
        "Alice Example added the member Charlie Example as admin",
        "A command added the member Dora Example as member",
        "A command added the member Bob Example as admin",
        "Alice Example created the organization Acme",
    ]


def test_each_line_is_a_sentence():
    alice, bob = uuid7(), uuid7()
    names = {alice: "Alice", bob: "Bob"}

    def read(verb, whom="Bob", **data):
        about = bob if whom else alice
        event = Event(verb=verb, actor_id=alice, subject_id=about, subject_label=whom, data=data)
        event.names = names
        return str(event).removeprefix("Alice ")

    change = {"before": "member", "after": "admin"}
    assert [
        read(Verb.ORGANIZATION_CREATED, "Acme"),
        read(Verb.ORGANIZATION_EDITED, "Acme", fields=["slug"], before="acme", after="acme-inc"),
        read(Verb.ORGANIZATION_EDITED, "Acme", fields=["name", "is_active"]),
        read(Verb.ORGANIZATION_EDITED, "Acme"),
        read(Verb.ORGANIZATION_DELETED, "Acme"),
        read(Verb.LOGO_CHANGED, "Acme", removed=False),
        read(Verb.OWNERSHIP_OFFERED),
        read(Verb.OWNERSHIP_OFFER_REVOKED),
        read(Verb.OWNERSHIP_OFFER_DECLINED),
        read(Verb.OWNERSHIP_TRANSFERRED),
        read(Verb.OWNER_ASSIGNED, personal={"reason": "lost"}),
        read(Verb.MEMBER_ADDED, role="admin"),
        read(Verb.MEMBER_ROLE_CHANGED, **change),
        read(Verb.MEMBER_ROLE_CHANGED, "", **change),
        read(Verb.MEMBER_REMOVED, role="member"),
        read(Verb.MEMBER_LEFT, "", role="member"),
        read(Verb.TEAM_CREATED, "Garden"),
        read(Verb.TEAM_RENAMED, "Park", before="Garden", after="Park"),
        read(Verb.TEAM_DELETED, "Garden"),
        read(Verb.TEAM_JOINED, "Garden"),
        read(Verb.TEAM_LEFT, "Garden"),
        read(Verb.TEAM_MEMBER_ADDED, team="Garden"),
        read(Verb.TEAM_MEMBER_ROLE_CHANGED, team="Garden", before="member", after="lead"),
        read(Verb.TEAM_MEMBER_REMOVED, team="Garden"),
        read(Verb.INVITED, "erin@example.com", role="member"),
        read(Verb.INVITED_AGAIN, "erin@example.com", role="member"),
        read(Verb.INVITATION_REVOKED, "erin@example.com", role="member"),
        read(Verb.INVITATION_ACCEPTED, "erin@example.com", role="member"),
        read(Verb.INVITATION_DECLINED, "erin@example.com", role="member"),
        read(Verb.INVITATION_DELETED, "erin@example.com"),
    ] == [
        "created the organization Acme",
        "edited the organization Acme (slug: acme → acme-inc)",
        "edited the organization Acme (name, is_active)",
        "edited the organization Acme",
        "deleted the organization Acme",
        "changed the logo of Acme",
        "asked Bob to take over the organization",
        "no longer asks Bob to take over the organization",
        "declined to take over the organization from Bob",
        "took over the organization from Bob",
        "made Bob the primary owner",
        "added the member Bob as admin",
        "changed the role of Bob in the organization from member to admin",
        "changed the role in the organization from member to admin",
        "removed the member Bob",
        "left the organization",
        "created the team Garden",
        "renamed the team Park (it was Garden)",
        "deleted the team Garden",
        "joined the team Garden",
        "left the team Garden",
        "added Bob to the team Garden",
        "changed the role of Bob in the team Garden from member to lead",
        "removed Bob from the team Garden",
        "invited erin@example.com as member",
        "invited erin@example.com once more as member",
        "revoked the invitation to erin@example.com",
        "accepted the invitation to erin@example.com",
        "declined the invitation to erin@example.com",
        "deleted the invitation to erin@example.com",
    ]


def test_what_somebody_did_as_somebody_else_is_shown_as_such(happen, bob, olivia, trail):
    happen(by=bob, impersonator_id=olivia.pk)
    page = trail()
    assert lines(page)[0] == "Olivia Example as Bob Example edited the organization"
    assert page.text.count("Acting as somebody else") == 1


def test_it_does_not_tell_who_declined_an_invitation(acme, charlie, trail):
    """Nor that the address has an account: a visitor who declines looks the same."""
    address = "charlie.elsewhere@example.com"
    for by in (None, charlie):
        told = {"label": address, "organization_id": acme.pk}
        Event.record(Verb.INVITATION_DECLINED, by=by, subject=acme, **told)
    declined = [line for line in lines(trail()) if "declined" in line]
    assert declined == [f"A visitor declined the invitation to {address}"] * 2
    assert str(charlie.pk) not in trail().text
    assert len(lines(trail(person=address))) == 2
    assert lines(trail(person=charlie.email)) == lines(trail(person=str(charlie.pk))) == []


def test_it_tells_no_ip_addresses_and_not_why_the_platform_did_something(happen, trail):
    happen(ip="192.0.2.7", data={"personal": {"reason": "a secret"}}, request_id="request-1")
    text = trail().text
    for hidden in ("192.0.2.7", "a secret", "request-1"):
        assert hidden not in text


@pytest.fixture
def story(happen, alice, bob, dora, frank):
    """Frank, who has left since, among others."""
    happen(Verb.MEMBER_ADDED, by=alice, subject=frank)
    happen(Verb.TEAM_CREATED, by=frank)
    happen(Verb.MEMBER_LEFT, by=frank)
    happen(Verb.MEMBER_REMOVED, by=bob, subject=dora)
    happen(Verb.INVITED, by=bob, subject=alice, impersonator_id=frank.pk)


@pytest.mark.parametrize("how", ["link", "typed"])
def test_a_person_is_found_who_has_left_too(how, story, frank, trail):
    page = trail(person=str(frank.pk) if how == "link" else " Frank@Example.com ")
    assert lines(page) == [
        "Frank Example as Bob Example invited Alice Example",
        "Frank Example left the organization",
        "Frank Example created the team",
        "Alice Example added the member Frank Example",
    ]
    assert ("What <strong>Frank Example</strong> did" in page.text) == (how == "link")


def test_an_address_is_found_that_was_invited_and_one_that_was_not_is_not_told_apart(
    acme, alice, charlie, membership, trail
):
    acme.invite("erin@example.com", Role.MEMBER, by=membership(alice))
    assert lines(trail(person="erin@example.com")) == [
        "Alice Example invited erin@example.com as member"
    ]
    stranger, nobody = (
        trail(person=f"{name}@example.com").text.partition('role="search"')[2].replace(name, "")
        for name in ("charlie", "nobody")
    )
    assert "Nothing that happened matches." in nobody
    assert stranger == nobody


def test_of_a_person_too_it_tells_nothing_of_another_organization(
    story, birch, bob, trail, charlie
):
    birch.add_user(bob, by=charlie)
    Event.record(Verb.INVITED, by=charlie, subject=birch, label=bob.email, organization_id=birch.pk)
    Event.record(Verb.SIGNED_IN, by=bob)
    for person in (str(bob.pk), "bob@example.com"):
        assert lines(trail(person=person)) == [
            "Frank Example as Bob Example invited Alice Example",
            "Bob Example removed the member Dora Example",
            "A command added the member Bob Example as admin",
        ]
    assert lines(trail(verb="member.added", person=str(charlie.pk))) == []


def test_a_verb_is_found_alone_and_with_a_person(story, alice, frank, trail):
    assert lines(trail(verb="member.left")) == ["Frank Example left the organization"]
    both = trail(verb="member.added", person=str(frank.pk))
    assert lines(both) == ["Alice Example added the member Frank Example"]
    assert lines(trail(verb="member.left", person=str(alice.pk))) == []


def test_days_are_whole_days_of_who_looks(happen, alice, trail):
    User.objects.filter(pk=alice.pk).update(time_zone="America/New_York")
    for hour in (3, 4, 5):  # New York is four hours behind
        happen(Verb.TEAM_CREATED, at=datetime(2026, 6, 2, hour, tzinfo=UTC), data={"hour": hour})

    def hours(**days):
        events = trail(verb="team.created", **days).context["events"]
        return [event.data["hour"] for event in events]

    assert hours(since="2026-06-02") == [5, 4]
    assert hours(until="2026-06-01") == [3]
    assert hours(since="2026-06-01", until="2026-06-02") == [5, 4, 3]
    assert hours(since="2026-06-03") == []
    assert "EST" in trail().text or "EDT" in trail().text


@pytest.mark.parametrize(
    "query",
    [
        {"person": "bob"},
        {"person": "x\0@example.com"},
        {"person": "x" * 300},
        {"verb": "account.signed_in"},
        {"verb": "' or 1=1"},
        {"since": "yesterday"},
        {"since": "0001-01-01"},
        {"until": "9999-12-31"},
        {"since": "2026-02-02", "until": "2026-02-01"},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_said_and_shows_nothing(query, trail):
    page = trail(**query)
    assert page.status_code == 400
    assert page.context["filters"].errors
    assert "created the organization" not in page.text


@pytest.mark.parametrize("key", ["x", "\0", "9" * 40])
def test_a_page_that_never_was_is_not_found(key, trail):
    assert trail(after=key).status_code == 404
    assert trail(before=key, person=str(uuid4())).status_code == 404


@pytest.mark.parametrize("filters", [{}, {"verb": "team.created"}, {"person": "alice@example.com"}])
def test_pages_follow_one_another_and_keep_the_filters(filters, happen, trail):
    for n in range(SIZE + 3):
        happen(Verb.TEAM_CREATED, data={"n": n})
    first = trail(**filters)
    second = trail(EVENTS + first.context["page"].next_url)
    back = trail(EVENTS + second.context["page"].previous_url)
    for page in (second, back):
        for name, value in filters.items():
            assert page.context["filters"][name].value() == value
    told = [event.data.get("n") for page in (first, second) for event in page.context["events"]]
    assert told[: SIZE + 3] == list(reversed(range(SIZE + 3)))
    assert lines(back) == lines(first)


def test_a_page_costs_six_statements_however_many_people_are_in_it(
    acme, happen, trail, django_assert_num_queries
):
    def look(number, **query):
        with django_assert_num_queries(number):
            assert trail(**query).status_code == 200

    for number in (3, 30):
        for n in range(number):
            person = User.objects.create_user(f"person-{number}-{n}@example.com")
            acme.add_user(person, by=person)
        # session, membership, switcher; events, names, suggestions
        look(6)
        look(6, verb="member.added", since="2026-01-01")
        look(6, person=str(person.pk))
        look(7, person=person.email)


def test_erased_people_stay_blank(acme, happen, frank, dora, trail):
    happen(Verb.MEMBER_REMOVED, by=frank, subject=dora)
    User.objects.filter(pk__in=[frank.pk, dora.pk]).delete()
    page = trail()
    assert lines(page)[0] == "An erased person removed the member an erased person"
    assert "Frank" not in page.text
    assert len(lines(trail(person=str(frank.pk)))) == 1


def test_members_and_strangers_do_not_see_it(acme, bob, dora, charlie, signed_in):
    for person, status in [(bob, 200), (dora, 403), (charlie, 404)]:
        assert signed_in(person).get(EVENTS).status_code == status
    assert EVENTS in signed_in(bob).get("/o/acme/").text
    assert EVENTS not in signed_in(dora).get("/o/acme/").text
