"""Teams with many at once, each on a connection of their own: no rule breaks, no page fails."""

import pytest
from django.db import connection

from accounts.models import User
from config.tests.at_once import at_once, browsers, posting, statuses
from orgs.models import Membership, Team, TeamMembership
from orgs.roles import TeamRole
from orgs.tests.test_team_people import names, put

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 3
PLACES = 3


@pytest.fixture
def path(garden):
    return garden.get_absolute_url()


def members(organization, number):
    """Return new members of the organization."""
    people = User.objects.bulk_create(
        User(email=f"person-{n}@example.com", name=f"Person {n}") for n in range(number)
    )
    return [organization.add_user(person) for person in people]


def removing(browser, path, member):
    return posting(browser, f"{path}people/{member.pk}/remove/")


def test_of_two_who_create_a_team_of_one_name_one_does(acme, alice, bob):
    [hers], [his] = browsers(alice, 1), browsers(bob, 1)
    for n in range(ROUNDS):
        new = "/o/acme/teams/new/"
        answers = at_once(
            posting(hers, new, {"name": f"Team {n}"}), posting(his, new, {"name": f"TEAM {n}"})
        )
        assert statuses(answers) == {302: 1, 400: 1}
        assert acme.teams.count() == n + 1


def test_of_two_teams_renamed_alike_one_is(acme, alice):
    for n in range(ROUNDS):
        teams = [acme.teams.create(name=f"{side} {n}") for side in ("left", "right")]
        calls = [
            posting(browser, f"{team.get_absolute_url()}rename/", {"name": f"Middle {n}"})
            for team, browser in zip(teams, browsers(alice, 2), strict=True)
        ]
        assert statuses(at_once(*calls)) == {302: 1, 400: 1}
        assert acme.teams.filter(name=f"Middle {n}").count() == 1


def test_no_more_teams_than_the_limit_are_created_at_once(acme, alice, settings):
    settings.MAX_TEAMS = 3
    calls = [
        posting(browser, "/o/acme/teams/new/", {"name": f"Team {n}"})
        for n, browser in enumerate(browsers(alice, 8))
    ]
    assert statuses(at_once(*calls)) == {302: 3, 400: 5}
    assert acme.teams.count() == 3


def test_of_eight_people_three_find_a_place(acme, garden, path, frank, settings):
    settings.MAX_TEAM_MEMBERS = 2 + PLACES
    people, leads = members(acme, 8), browsers(frank, 8)
    for _ in range(ROUNDS):
        calls = [
            posting(browser, f"{path}people/add/", {"people": [member.pk]})
            for browser, member in zip(leads, people, strict=True)
        ]
        assert statuses(at_once(*calls)) == {302: PLACES, 400: 8 - PLACES}
        assert garden.team_memberships.count() == 2 + PLACES
        garden.team_memberships.filter(membership__in=people).delete()


def test_one_person_added_eight_times_at_once_is_in_the_team_once(garden, path, acme, frank):
    [member] = members(acme, 1)
    calls = [
        posting(browser, f"{path}people/add/", {"people": [member.pk]})
        for browser in browsers(frank, 8)
    ]
    assert statuses(at_once(*calls)) == {302: 8}
    assert names(garden) == ["Frank*", "Dora", "Person"]


def test_somebody_removed_while_they_are_added_is_in_no_team(acme, garden, path, alice, frank):
    [hers], [his] = browsers(alice, 1), browsers(frank, 1)
    for member in members(acme, ROUNDS):
        added, removed = at_once(
            posting(his, f"{path}people/add/", {"people": [member.pk]}),
            posting(hers, f"/o/acme/members/{member.pk}/remove/"),
        )
        assert added.status_code in (302, 400)
        assert removed.status_code == 302
        assert names(garden) == ["Frank*", "Dora"]


def test_somebody_erased_while_they_are_added_is_in_no_team(acme, garden, path, frank):
    """Whoever deletes a person, or their row, holds no organization."""
    [browser] = browsers(frank, 1)
    people = members(acme, 2 * ROUNDS)
    erased = [member.user for member in people[:ROUNDS]] + people[ROUNDS:]
    for member, goes in zip(people, erased, strict=True):
        add = posting(browser, f"{path}people/add/", {"people": [member.pk]})
        added, deleted = at_once(add, goes.delete)
        assert added.status_code in (302, 400)
        assert not isinstance(deleted, Exception)
        assert names(garden) == ["Frank*", "Dora"]
        connection.check_constraints()


def test_a_team_deleted_while_somebody_is_added_is_gone_and_nobody_sees_an_error(
    acme, alice, frank
):
    [hers], [his] = browsers(alice, 1), browsers(frank, 1)
    lead, [member] = acme.add_user(frank), members(acme, 1)
    for n in range(ROUNDS):
        team = acme.teams.create(name=f"Team {n}")
        put(team, lead, TeamRole.LEAD)
        path = team.get_absolute_url()
        answers = at_once(
            posting(his, f"{path}people/add/", {"people": [member.pk]}),
            posting(hers, f"{path}delete/"),
        )
        assert {answer.status_code for answer in answers} <= {302, 404}
        assert not Team.objects.exists()
        assert not TeamMembership.objects.exists()


def test_of_two_admins_who_lead_a_team_each_takes_out_the_other(acme, garden, path, bob, grace):
    [his], [hers] = browsers(bob, 1), browsers(grace, 1)
    people = [Membership.objects.get(organization=acme, user=person) for person in (bob, grace)]
    for member in people:
        put(garden, member, TeamRole.LEAD)
    answers = at_once(removing(his, path, people[1]), removing(hers, path, people[0]))
    assert statuses(answers) == {302: 2}
    assert names(garden) == ["Frank*", "Dora"]


def test_of_two_leads_who_are_no_admins_neither_takes_out_the_other(
    acme, garden, path, frank, dora
):
    [his], [hers] = browsers(frank, 1), browsers(dora, 1)
    garden.team_memberships.update(role=TeamRole.LEAD)
    people = {
        person: Membership.objects.get(organization=acme, user=person) for person in (frank, dora)
    }
    answers = at_once(removing(his, path, people[dora]), removing(hers, path, people[frank]))
    assert statuses(answers) == {403: 2}
    assert names(garden) == ["Frank*", "Dora*"]


def test_a_lead_who_is_taken_out_adds_nobody_afterwards(acme, garden, path, frank, bob):
    [leads], [admins] = browsers(frank, 1), browsers(bob, 1)
    lead = Membership.objects.get(organization=acme, user=frank)
    for member in members(acme, ROUNDS):
        added, removed = at_once(
            posting(leads, f"{path}people/add/", {"people": [member.pk]}),
            removing(admins, path, lead),
        )
        assert removed.status_code == 302
        is_in = garden.team_memberships.filter(membership=member).exists()
        assert added.status_code == (302 if is_in else 403)
        put(garden, lead, TeamRole.LEAD)
