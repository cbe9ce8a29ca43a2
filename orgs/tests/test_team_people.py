"""Who is in a team: adding, removing, leading and leaving."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.models import Event, User
from accounts.pages import SIZE
from orgs.limits import LimitReached
from orgs.models import Membership, TeamMembership
from orgs.roles import TeamRole
from orgs.tests.test_teams import told


@pytest.fixture
def path(garden):
    return garden.get_absolute_url()


@pytest.fixture
def crowd(acme):
    """120 more members of Acme."""
    people = [User(email=f"person-{n:03}@example.com", name=f"Person {n:03}") for n in range(120)]
    User.objects.bulk_create(people)
    return Membership.objects.bulk_create(
        Membership(organization=acme, user=person) for person in people
    )


def names(team):
    """Return who is in the team, by their first names, leads with a star."""
    places = team.team_memberships.select_related("membership__user").order_by("id")
    return [
        place.membership.user.name.split()[0] + "*" * (place.role == TeamRole.LEAD)
        for place in places
    ]


def put(team, member, role=TeamRole.MEMBER):
    return TeamMembership.objects.create(
        team=team, membership=member, organization=team.organization, role=role
    )


@pytest.mark.parametrize("person", ["frank", "bob", "alice"])
def test_leads_admins_and_owners_add_members_of_the_organization(
    person, garden, path, grace, membership, signed_in, request
):
    actor = request.getfixturevalue(person)
    answer = signed_in(actor).post(
        f"{path}people/add/", {"people": [membership(grace).pk]}, follow=True
    )
    assert answer.redirect_chain == [(path, 302)]
    assert "Grace Example is in the team now." in answer.text
    assert names(garden) == ["Frank*", "Dora", "Grace"]
    assert told() == (
        f"{actor.name} added Grace Example to the team Garden",
        {"team": "Garden", "team_id": str(garden.pk)},
    )


def test_a_member_adds_nobody(garden, path, dora, grace, membership, signed_in):
    form = {"people": [membership(grace).pk]}
    assert signed_in(dora).post(f"{path}people/add/", form).status_code == 403
    with pytest.raises(PermissionDenied):
        garden.add(membership(grace), by=membership(dora))
    assert names(garden) == ["Frank*", "Dora"]


def test_a_lead_adds_nobody_to_another_team(acme, garden, frank, grace, membership, signed_in):
    other = acme.teams.create(name="Kitchen")
    path = f"{other.get_absolute_url()}people/add/"
    assert signed_in(frank).post(path, {"people": [membership(grace).pk]}).status_code == 403
    with pytest.raises(PermissionDenied):
        other.add(membership(grace), by=membership(frank))
    assert names(other) == []


def test_several_come_in_at_once_each_with_an_event(
    acme, garden, path, frank, bob, grace, membership, signed_in
):
    people = [membership(bob).pk, membership(grace).pk]
    answer = signed_in(frank).post(f"{path}people/add/", {"people": people}, follow=True)
    assert "2 people are in the team now." in answer.text
    assert {event.subject_id for event in Event.objects.all()[:2]} == {bob.pk, grace.pk}
    assert Event.objects.first().organization_id == acme.pk


def test_who_is_in_the_team_already_stays_as_they_are(garden, path, frank, membership, signed_in):
    """A form that was sent twice."""
    before = Event.objects.count()
    form = {"people": [membership(frank).pk]}
    answer = signed_in(frank).post(f"{path}people/add/", form, follow=True)
    assert "They are in the team already." in answer.text
    assert names(garden) == ["Frank*", "Dora"]
    assert Event.objects.count() == before


def test_thirty_people_cost_as_many_statements_as_three(
    garden, crowd, frank, membership, django_assert_num_queries
):
    by = membership(frank)
    # A savepoint and its end; organization, team, who acts, their place; the people, how many
    # there are already, their places, the events.
    for people in (crowd[:3], crowd[3:33]):
        with django_assert_num_queries(10):
            garden.add(*people, by=by)


def test_who_adds_themselves_joins(garden, bob, membership):
    garden.add(membership(bob), by=membership(bob))
    assert told() == ("Bob Example joined the team Garden", {})


@pytest.mark.parametrize("people", [[], [""], ["1"], ["x\x00"], ["';--"], [str(uuid4())]])
def test_what_is_no_member_is_refused_with_a_reason(people, garden, path, frank, signed_in):
    answer = signed_in(frank).post(f"{path}people/add/", {"people": people, "x": "y"})
    assert answer.status_code == 400
    assert answer.context["form"].errors["people"]
    assert 'role="alert"' in answer.text
    assert names(garden) == ["Frank*", "Dora"]


def test_a_member_of_another_organization_is_refused_by_any_way(
    acme, birch, garden, path, frank, charlie, membership, signed_in
):
    outsider = Membership.objects.get(organization=birch, user=charlie)
    form = {"people": [outsider.pk], "organization": birch.pk}
    assert signed_in(frank).post(f"{path}people/add/", form).status_code == 400
    with pytest.raises(ValidationError):
        garden.add(outsider, by=membership(frank))
    for organization in (acme, birch):
        with pytest.raises(IntegrityError), transaction.atomic():
            TeamMembership.objects.create(
                team=garden, membership=outsider, organization=organization
            )
        with pytest.raises(IntegrityError), transaction.atomic():
            garden.team_memberships.update(organization=birch)
        with pytest.raises(IntegrityError), transaction.atomic():
            garden.team_memberships.update(membership=outsider)
    assert names(garden) == ["Frank*", "Dora"]


def test_nobody_comes_in_if_one_of_them_is_no_member_any_more(
    garden, frank, bob, grace, membership
):
    people = [membership(bob), membership(grace)]
    people[1].delete()
    with pytest.raises(ValidationError):
        garden.add(*people, by=membership(frank))
    assert names(garden) == ["Frank*", "Dora"]


def test_there_are_at_most_so_many_people_in_a_team(
    acme, garden, path, frank, bob, grace, membership, settings, signed_in
):
    settings.MAX_TEAM_MEMBERS = 3
    form = {"people": [membership(bob).pk, membership(grace).pk]}
    answer = signed_in(frank).post(f"{path}people/add/", form)
    assert answer.status_code == 400
    assert "There can be at most 3 people in a team." in answer.text
    assert answer.text.count(" checked>") == 2
    assert names(garden) == ["Frank*", "Dora"]
    form = {"people": [membership(bob).pk]}
    assert signed_in(frank).post(f"{path}people/add/", form).status_code == 302
    with pytest.raises(LimitReached):
        garden.add(membership(grace), by=membership(frank))


def test_more_than_the_whole_limit_at_once_is_refused(garden, crowd, frank, membership, settings):
    settings.MAX_TEAM_MEMBERS = 3
    with pytest.raises(LimitReached):
        garden.add(*crowd[:10], by=membership(frank))


@pytest.mark.parametrize("person", ["frank", "bob"])
def test_leads_and_admins_remove_a_plain_member(
    person, acme, garden, path, dora, membership, signed_in, request
):
    actor = request.getfixturevalue(person)
    remove = f"{path}people/{membership(dora).pk}/remove/"
    answer = signed_in(actor).post(remove, follow=True)
    assert "Dora Example is no longer in the team." in answer.text
    assert names(garden) == ["Frank*"]
    assert acme.has_member(dora)
    assert told() == (
        f"{actor.name} removed Dora Example from the team Garden",
        {"team": "Garden", "team_id": str(garden.pk)},
    )
    answer = signed_in(actor).post(remove, follow=True)  # a double click
    assert "This person is no longer in the team." in answer.text


@pytest.mark.parametrize(("person", "may"), [("alice", True), ("bob", True), ("frank", False)])
def test_a_lead_is_removed_by_owners_and_admins_never_by_another_lead(
    person, may, garden, path, grace, membership, signed_in, request
):
    put(garden, membership(grace), TeamRole.LEAD)
    answer = signed_in(request.getfixturevalue(person)).post(
        f"{path}people/{membership(grace).pk}/remove/"
    )
    assert answer.status_code == (302 if may else 403)
    assert names(garden) == ["Frank*", "Dora"] + ["Grace*"] * (not may)


def test_a_plain_member_of_the_team_removes_nobody(garden, path, dora, bob, membership, signed_in):
    put(garden, membership(bob))
    remove = f"{path}people/{membership(bob).pk}/remove/"
    assert signed_in(dora).post(remove).status_code == 403
    with pytest.raises(PermissionDenied):
        garden.remove(membership(bob), by=membership(dora))
    assert names(garden) == ["Frank*", "Dora", "Bob"]


@pytest.mark.parametrize("person", ["frank", "dora"])
def test_whoever_is_in_a_team_may_leave_it(person, garden, path, signed_in, request):
    actor = request.getfixturevalue(person)
    browser = signed_in(actor)
    assert "Leave the team" in browser.get(path).text
    answer = browser.post(f"{path}leave/", follow=True)
    assert "You have left the team Garden." in answer.text
    assert actor.name.split()[0] not in "".join(names(garden))
    assert told() == (f"{actor.name} left the team Garden", {})
    assert "Leave the team" not in browser.get(path).text
    assert browser.post(f"{path}leave/").status_code == 302  # a double click


def test_owners_and_admins_choose_who_leads(garden, path, bob, dora, membership, signed_in):
    browser = signed_in(bob)
    role = f"{path}people/{membership(dora).pk}/role/"
    answer = browser.post(role, {"role": "lead"}, follow=True)
    assert answer.redirect_chain == [(path, 302)]
    assert "Dora Example leads the team now." in answer.text
    assert names(garden) == ["Frank*", "Dora*"]
    sentence = "Bob Example changed the role of Dora Example in the team Garden"
    assert told()[0] == f"{sentence} from member to lead"
    events = Event.objects.count()
    assert browser.post(role, {"role": "lead"}).status_code == 302  # a double click
    assert Event.objects.count() == events
    browser.post(role, {"role": "member"})
    assert names(garden) == ["Frank*", "Dora"]


def test_a_lead_makes_no_other_lead_nor_ends_one(garden, path, frank, dora, membership, signed_in):
    for person, role in ((dora, "lead"), (frank, "member")):
        answer = signed_in(frank).post(
            f"{path}people/{membership(person).pk}/role/", {"role": role}
        )
        assert answer.status_code == 403
    assert names(garden) == ["Frank*", "Dora"]


@pytest.mark.parametrize("role", ["", "owner", "lead,member", "LEAD", "x" * 10_000, "\x00"])
def test_a_role_that_is_none_is_refused(role, garden, path, bob, dora, membership, signed_in):
    path = f"{path}people/{membership(dora).pk}/role/"
    assert signed_in(bob).post(path, {"role": role}).status_code == 400
    assert names(garden) == ["Frank*", "Dora"]


@pytest.mark.parametrize("action", ["remove", "role"])
def test_whom_the_address_names_is_a_member_here(
    action, garden, path, birch, charlie, alice, grace, membership, signed_in
):
    browser = signed_in(alice)
    theirs = Membership.objects.get(organization=birch, user=charlie).pk
    for pk in (theirs, uuid4(), garden.pk, "1", "%00"):
        answer = browser.post(f"{path}people/{pk}/{action}/", {"role": "lead"})
        assert answer.status_code == 404
    not_in_it = f"{path}people/{membership(grace).pk}/{action}/"
    answer = browser.post(not_in_it, {"role": "lead"}, follow=True)
    assert "This person is no longer in the team." in answer.text
    assert names(garden) == ["Frank*", "Dora"]


def test_leaving_the_organization_leaves_its_teams_in_the_same_transaction(
    acme, garden, dora, membership
):
    with transaction.atomic():
        membership(dora).delete()
        assert names(garden) == ["Frank*"]
        transaction.set_rollback(True)
    assert names(garden) == ["Frank*", "Dora"]
    with connection.cursor() as cursor:  # also without Django
        cursor.execute(
            "DELETE FROM orgs_membership WHERE user_id = %s AND organization_id = %s",
            [dora.pk, acme.pk],
        )
    assert names(garden) == ["Frank*"]
    connection.check_constraints()


def test_the_page_shows_people_their_roles_and_to_whom_it_matters_the_buttons(
    garden, path, alice, bob, dora, frank, grace, signed_in
):
    pages = {person: signed_in(person).get(path).text for person in (bob, frank, dora, grace)}
    for text in pages.values():
        assert "Frank Example" in text
        assert "dora@example.com" in text
        assert ">Lead<" in text
    # Of Frank and Dora: Bob removes both, Frank removes Dora.
    assert [pages[person].count("/remove/") for person in (bob, frank, dora, grace)] == [2, 1, 0, 2]
    assert [pages[person].count("/role/") for person in (bob, frank, dora, grace)] == [2, 0, 0, 2]
    assert ["people/add/" in pages[person] for person in (bob, frank, dora)] == [True, True, False]
    assert ["rename/" in pages[person] for person in (bob, frank, dora)] == [True, False, False]


def test_a_page_of_a_team_costs_five_statements_however_many_people(
    acme, garden, path, crowd, dora, signed_in, django_assert_num_queries
):
    browser = signed_in(dora)
    browser.get(path)  # which is remembered
    # Session with person, membership with organization, team with the own role, people, switcher.
    with django_assert_num_queries(5):
        browser.get(path)
    TeamMembership.objects.bulk_create(
        TeamMembership(team=garden, membership=member, organization=acme) for member in crowd
    )
    with django_assert_num_queries(5):
        first = browser.get(path)
    with django_assert_num_queries(5):
        second = browser.get(path + first.context["page"].next_url)
    assert [len(page.context["page"].rows) for page in (first, second)] == [SIZE, SIZE]


def test_only_who_is_not_in_the_team_can_be_chosen(
    garden, path, crowd, frank, signed_in, django_assert_num_queries
):
    browser = signed_in(frank)
    browser.get(path)  # which is remembered
    with django_assert_num_queries(5):
        pages = [browser.get(f"{path}people/add/")]
    while query := pages[-1].context["page"].next_url:
        pages.append(browser.get(f"{path}people/add/{query}"))
    shown = [row["name"] for page in pages for row in page.context["page"].rows]
    assert [len(page.context["page"].rows) for page in pages] == [SIZE, SIZE, 22]
    assert shown == sorted(shown)
    assert shown[:3] == ["Alice Example", "Bob Example", "Person 000"]


@pytest.mark.parametrize(
    ("q", "found"),
    [("bob", ["Bob Example"]), ("person-007", ["Person 007"]), ("dora", []), ("!", []), ("ob", [])],
)
def test_a_search_finds_whom_to_add_by_name_and_address(
    q, found, garden, path, crowd, frank, signed_in, django_assert_max_num_queries
):
    browser = signed_in(frank)
    browser.get(path)  # which is remembered
    with django_assert_max_num_queries(5):
        page = browser.get(f"{path}people/add/", {"q": q})
    assert [row["name"] for row in page.context["page"].rows] == found
    assert f'value="{q}"' in page.text
    assert found or "Nobody else is on this list." in page.text


def test_a_search_goes_on_page_by_page_and_is_kept_where_nobody_was_chosen(
    garden, path, crowd, frank, signed_in
):
    browser = signed_in(frank)
    first = browser.get(f"{path}people/add/", {"q": "person"}).context["page"]
    assert "q=person" in first.next_url
    answer = browser.post(f"{path}people/add/{first.next_url}", {"x": "y"})
    assert answer.status_code == 400
    assert "Choose at least one person." in answer.text
    assert answer.context["page"].rows[0]["name"] == "Person 050"


@pytest.mark.parametrize("q", ["x" * 101, "x" * 10_000, "Bob\x00"])
def test_a_bad_search_says_so_and_finds_nobody(q, garden, path, frank, signed_in):
    page = signed_in(frank).get(f"{path}people/add/", {"q": q})
    assert page.status_code == 400
    assert page.context["filters"].errors["q"]
    assert page.context["page"].rows == []


def test_everybody_is_in_the_team(garden, path, frank, acme, signed_in):
    for member in acme.memberships.exclude(team_memberships__team=garden):
        put(garden, member)
    page = signed_in(frank).get(f"{path}people/add/")
    assert "Everybody is in the team already." in page.text
    assert "Add to the team" not in page.text


def test_an_event_of_the_own_role_reads_well(garden, alice, membership):
    put(garden, membership(alice))
    garden.change_role(membership(alice), TeamRole.LEAD, by=membership(alice))
    assert told()[0] == "Alice Example changed the role in the team Garden from member to lead"
