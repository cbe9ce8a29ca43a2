"""Teams: making, renaming and deleting them, and the list."""

import unicodedata

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from accounts.events import with_names
from accounts.models import Event
from orgs.limits import LimitReached
from orgs.models import Membership, Organization, Team, TeamMembership
from orgs.roles import TeamRole

TEAMS = "/o/acme/teams/"
NEW = f"{TEAMS}new/"
TAKEN = "There is already a team with this name. Choose another."


def told():
    """Return the newest event as the audit trail shows it, and its details."""
    [event] = with_names([Event.objects.first()])
    return str(event), event.data


@pytest.fixture
def path(garden):
    return garden.get_absolute_url()


def test_an_admin_creates_a_team(acme, bob, signed_in):
    answer = signed_in(bob).post(NEW, {"name": "  Garden "})
    team = acme.teams.get()
    assert answer.url == team.get_absolute_url() == f"{TEAMS}{team.pk}/"
    assert team.name == "Garden"
    assert told() == ("Bob Example created the team Garden", {})
    assert Event.objects.first().organization_id == acme.pk


@pytest.mark.parametrize("person", ["dora", "frank"])
@pytest.mark.parametrize("action", ["../new", "rename", "delete"])
def test_neither_a_member_nor_a_lead_creates_renames_or_deletes_one(
    action, person, garden, path, signed_in, request
):
    browser = signed_in(request.getfixturevalue(person))
    assert browser.post(f"{path}{action}/", {"name": "Kitchen"}).status_code in (403, 404)
    assert [team.name for team in Team.objects.all()] == ["Garden"]


def test_the_verbs_ask_for_the_permission_themselves(acme, garden, dora, frank, membership):
    for person in (dora, frank):
        by = membership(person)
        for refused in (
            lambda by=by: Team.create(acme, "Kitchen", by=by),
            lambda by=by: garden.rename("Kitchen", by=by),
            lambda by=by: garden.erase(by=by),
            lambda by=by: garden.change_role(membership(dora), TeamRole.LEAD, by=by),
        ):
            with pytest.raises(PermissionDenied):
                refused()


def test_who_was_an_admin_a_moment_ago_creates_no_team(acme, bob, membership):
    by = membership(bob)
    acme.memberships.filter(user=bob).update(role="member")
    with pytest.raises(PermissionDenied):
        Team.create(acme, "Kitchen", by=by)
    acme.memberships.filter(user=bob).delete()
    with pytest.raises(PermissionDenied):
        Team.create(acme, "Kitchen", by=by)


def test_the_owner_of_another_organization_does_nothing_here(acme, garden, birch, charlie):
    by = Membership.objects.get(organization=birch, user=charlie)
    with pytest.raises(PermissionDenied):
        Team.create(acme, "Kitchen", by=by)
    with pytest.raises(PermissionDenied):
        garden.erase(by=by)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Garden", "gARDEN"),
        ("Gärtner", "GÄRTNER"),
        ("İstanbul", "istanbul"),
        ("STRAẞE", "straße"),
        ("Café", unicodedata.normalize("NFD", "Café")),
        ("Ελλάδα", "ΕΛΛΆΔΑ"),
    ],
)
def test_a_name_is_taken_whatever_its_case_and_composition(first, second, acme, alice, signed_in):
    browser = signed_in(alice)
    browser.post(NEW, {"name": first})
    answer = browser.post(NEW, {"name": second})
    assert answer.status_code == 400
    assert TAKEN in answer.text
    assert acme.teams.get().name == first
    browser.post(NEW, {"name": "Other"})
    answer = browser.post(
        f"{acme.teams.get(name='Other').get_absolute_url()}rename/", {"name": second}
    )
    assert answer.status_code == 400
    assert TAKEN in answer.text


def test_the_database_itself_refuses_a_second_team_of_one_name(acme, garden):
    with pytest.raises(IntegrityError):
        acme.teams.create(name="GARDEN")


def test_two_organizations_may_have_teams_of_one_name(garden, birch, charlie, signed_in):
    assert signed_in(charlie).post("/o/birch/teams/new/", {"name": "Garden"}).status_code == 302


@pytest.mark.parametrize(
    "name", ["", "   ", "x" * 101, "x" * 900_000, "Gar\x00den", "Gar\u200bden", "\u202enedraG", "!"]
)
@pytest.mark.parametrize("action", ["new", "rename"])
def test_a_bad_name_is_refused_with_a_reason(action, name, garden, path, alice, signed_in):
    url = NEW if action == "new" else f"{path}rename/"
    answer = signed_in(alice).post(url, {"name": name})
    assert answer.status_code == 400
    assert answer.context["form"].errors["name"]
    assert [team.name for team in Team.objects.all()] == ["Garden"]


def test_what_normalizing_makes_too_long_is_refused(acme, alice, signed_in):
    """This letter has no composed form: NFC makes two of one."""
    answer = signed_in(alice).post(NEW, {"name": "\u0958" * 100})
    assert answer.status_code == 400
    assert "at most 100 characters" in answer.text


def test_a_request_of_more_than_a_megabyte_is_refused(acme, alice, signed_in):
    assert signed_in(alice).post(NEW, {"name": "x" * 2_000_000}).status_code == 413


def test_html_in_a_name_is_text(acme, alice, signed_in):
    browser = signed_in(alice)
    page = browser.get(browser.post(NEW, {"name": "<b>Garden</b>"}).url)
    assert "&lt;b&gt;Garden&lt;/b&gt;" in page.text
    assert "<b>Garden" not in page.text


def test_forged_fields_change_nothing(acme, birch, garden, path, alice, signed_in):
    forged = {"organization": birch.pk, "id": birch.pk, "created": "2000-01-01", "pk": birch.pk}
    browser = signed_in(alice)
    browser.post(NEW, {"name": "Kitchen", **forged})
    browser.post(f"{path}rename/", {"name": "Park", **forged})
    assert {team.name for team in acme.teams.all()} == {"Kitchen", "Park"}
    assert not birch.teams.exists()
    assert not Team.objects.filter(created__year=2000).exists()


def test_there_are_at_most_so_many_teams(acme, garden, alice, membership, settings, signed_in):
    settings.MAX_TEAMS = 2
    acme.teams.create(name="Attic")
    answer = signed_in(alice).post(NEW, {"name": "Kitchen"})
    assert answer.status_code == 400
    assert "There can be at most 2 teams in an organization." in answer.text
    assert 'value="Kitchen"' in answer.text
    settings.MAX_TEAMS = 3
    assert signed_in(alice).post(NEW, {"name": "Kitchen"}).status_code == 302
    with pytest.raises(LimitReached):
        Team.create(acme, "Third", by=membership(alice))


def test_an_admin_renames_a_team(garden, path, bob, signed_in):
    answer = signed_in(bob).post(f"{path}rename/", {"name": "Park"})
    assert answer.url == path
    garden.refresh_from_db()
    assert garden.name == "Park"
    assert told()[0] == "Bob Example renamed the team Park (it was Garden)"


def test_a_team_may_change_the_case_of_its_own_name(garden, path, bob, signed_in):
    assert signed_in(bob).post(f"{path}rename/", {"name": "GARDEN"}).status_code == 302
    assert Team.objects.get().name == "GARDEN"


def test_the_same_name_again_is_no_event(garden, path, bob, signed_in):
    before = Event.objects.count()
    assert signed_in(bob).post(f"{path}rename/", {"name": "Garden"}).status_code == 302
    assert Event.objects.count() == before


def test_a_team_is_deleted_in_two_steps_and_its_people_stay(acme, garden, path, bob, signed_in):
    browser = signed_in(bob)
    people = acme.memberships.count()
    assert "Delete the team for good" in browser.get(f"{path}delete/").text
    assert Team.objects.exists()
    answer = browser.post(f"{path}delete/", follow=True)
    assert "The team Garden was deleted." in answer.text
    assert not Team.objects.exists()
    assert not TeamMembership.objects.exists()
    assert acme.memberships.count() == people
    assert told() == ("Bob Example deleted the team Garden", {})
    assert browser.post(f"{path}delete/").status_code == 404


def test_the_list_begins_with_the_teams_one_leads_then_those_one_is_in(
    acme, garden, dora, frank, membership, signed_in
):
    for name in ("attic", "Zoo", "Barn"):
        acme.teams.create(name=name)
    zoo = acme.teams.get(name="Zoo")
    zoo.team_memberships.create(membership=membership(dora), organization=acme, role=TeamRole.LEAD)
    page = signed_in(dora).get(TEAMS)
    assert [(team["name"], team["people"], team["my_role"]) for team in page.context["teams"]] == [
        ("Zoo", 1, "lead"),
        ("Garden", 2, "member"),
        ("attic", 0, None),
        ("Barn", 0, None),
    ]
    assert page.text.count("You lead it") == page.text.count("You are in it") == 1
    assert page.text.index("2 people") < page.text.index("0 people")


def test_the_list_costs_one_statement_of_its_own_for_fifty_teams(
    acme, garden, dora, signed_in, django_assert_num_queries
):
    browser = signed_in(dora)
    # Session with person, membership with organization, teams, switcher.
    with django_assert_num_queries(4):
        browser.get(TEAMS)
    Team.objects.bulk_create(Team(organization=acme, name=f"Team {n}") for n in range(49))
    TeamMembership.objects.bulk_create(
        TeamMembership(team=team, membership=member, organization=acme)
        for team in acme.teams.exclude(pk=garden.pk)
        for member in acme.memberships.all()
    )
    with django_assert_num_queries(4):
        page = browser.get(TEAMS)
    assert len(page.context["teams"]) == 50


@pytest.mark.parametrize(("person", "offered"), [("bob", True), ("dora", False)])
def test_who_has_no_team_yet_reads_how_to_begin(person, offered, acme, signed_in, request):
    text = signed_in(request.getfixturevalue(person)).get(TEAMS).text
    assert "No teams yet" in text
    assert (NEW in text) is offered


def test_a_team_of_another_organization_is_not_found(garden, birch, charlie, signed_in):
    browser = signed_in(charlie)
    for action in ("", "rename/", "delete/", "people/add/"):
        path = f"/o/birch/teams/{garden.pk}/{action}"
        assert browser.get(path).status_code == 404
        assert browser.post(path, {"name": "Mine"}).status_code == 404
    garden.refresh_from_db()
    assert garden.name == "Garden"


@pytest.mark.parametrize("pk", ["1", "garden", "..", "%2e", "0" * 32, "x" * 10_000])
def test_a_malformed_id_of_a_team_is_not_found(pk, garden, alice, signed_in):
    assert signed_in(alice).get(f"{TEAMS}{pk}/").status_code == 404


def test_acting_on_a_team_that_was_deleted_meanwhile_leads_back(
    garden, path, alice, signed_in, monkeypatch
):
    """As if somebody had been faster than us, after the gate had read the team."""
    act = Team._lock_for

    def too_late(team, by, *needed):
        Team.objects.filter(pk=team.pk).delete()
        return act(team, by, *needed)

    monkeypatch.setattr(Team, "_lock_for", too_late)
    browser = signed_in(alice)
    answer = browser.post(f"{path}rename/", {"name": "Park"}, follow=True)
    assert answer.redirect_chain == [(TEAMS, 302)]
    assert "This team was deleted in the meantime." in answer.text


def test_acting_in_an_organization_that_was_deleted_meanwhile_is_not_found(
    acme, alice, signed_in, monkeypatch
):
    lock = Organization.lock

    def too_late(organization):
        Organization.objects.filter(pk=organization.pk).delete()
        lock(organization)

    monkeypatch.setattr(Organization, "lock", too_late)
    assert signed_in(alice).post(NEW, {"name": "Garden"}).status_code == 404


def test_all_of_an_organizations_teams_go_with_it(garden):
    Organization.objects.get(slug="acme").delete()
    assert not Team.objects.exists()
    assert not TeamMembership.objects.exists()
