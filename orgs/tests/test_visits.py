"""Where a person was last: what is remembered, for whom, and how it is forgotten."""

import threading

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config.cast import PASSWORD
from config.tests.at_once import at_once
from orgs import access, visits
from orgs.models import Organization

LAST = "/organizations/last/"


@pytest.fixture
def browser(alice, acme, birch):
    """Alice's, on a device that has been nowhere; she belongs to Acme, and since then to Birch."""
    browser = Client()
    browser.force_login(alice)
    return browser


def place(person):
    """Return what the person's one device remembers."""
    return person.sessions.values_list("active_organization_id", "active_team_id").get()


def visited(organization, person):
    return organization.memberships.get(user=person).visited


def writes(browser, path):
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(path).status_code == 200
    return [q["sql"] for q in queries if not q["sql"].startswith("SELECT")]


def test_a_page_of_an_organization_is_remembered_by_device_and_membership(
    browser, alice, acme, birch
):
    assert browser.get("/o/acme/members/").status_code == 200
    assert place(alice) == (acme.pk, None)
    assert visited(acme, alice)
    assert visited(birch, alice) is None


def test_nothing_is_written_while_somebody_stays(browser):
    assert len(writes(browser, "/o/acme/")) == 5  # two rows and a timeout, in a transaction
    assert writes(browser, "/o/acme/") == []
    assert writes(browser, "/o/acme/members/") == []
    assert len(writes(browser, "/o/birch/")) == 5


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("HEAD", "/o/acme/"),
        ("POST", "/o/acme/"),
        ("POST", "/o/acme/invitations/new/"),
        ("GET", "/o/acme/members/?after=nothing"),
        ("GET", "/o/acme/nothing-here/"),
        ("GET", "/organizations/"),
    ],
)
def test_only_a_page_that_was_shown_is_remembered(method, path, browser, alice):
    browser.generic(method, path)
    assert place(alice) == (None, None)


def test_a_page_one_may_not_see_is_not_remembered(acme, dora):
    browser = Client()
    browser.force_login(dora)
    assert browser.get("/o/acme/invitations/").status_code == 403
    assert place(dora) == (None, None)


def test_each_device_remembers_for_itself(browser, alice, acme, birch):
    other = Client()
    other.force_login(alice)
    browser.get("/o/acme/")
    other.get("/o/birch/")
    assert browser.get(LAST).url == "/o/acme/"
    assert other.get(LAST).url == "/o/birch/"


def test_a_new_device_opens_what_the_person_visited_last(browser, alice):
    browser.get("/o/birch/")
    browser.get("/o/acme/")
    other = Client()
    other.force_login(alice)
    assert other.get(LAST).url == "/o/acme/"


def test_somebody_who_visited_none_comes_to_the_one_they_joined_last(browser):
    assert browser.get(LAST).url == "/o/birch/"


def test_somebody_without_an_organization_comes_to_the_list(charlie, signed_in):
    assert signed_in(charlie).get(LAST).url == "/organizations/"


def test_sign_in_leads_to_where_one_was(acme, birch, alice, client):
    acme.memberships.filter(user=alice).update(visited=acme.created)
    credentials = {"login": alice.email, "password": PASSWORD}
    response = client.post("/accounts/login/", credentials, follow=True)
    assert response.redirect_chain[-1] == ("/o/acme/", 302)


def test_an_organization_that_is_switched_off_is_never_opened(browser, acme):
    browser.get("/o/acme/")
    Organization.objects.filter(pk=acme.pk).update(is_active=False)
    assert browser.get(LAST).url == "/o/birch/"


def test_last_costs_two_statements(browser, django_assert_num_queries):
    browser.get("/o/acme/")
    with django_assert_num_queries(2):
        browser.get(LAST)


def test_whoever_acts_as_a_person_is_no_visit_of_theirs(operator, alice, acme, birch):
    operator.post(f"/admin/accounts/user/{alice.pk}/impersonate/", {"reason": "Ticket 42"})
    assert operator.get("/o/acme/").status_code == 200
    assert operator.get(LAST).url == "/o/acme/"
    assert visited(acme, alice) is None


def refusing(start, error):
    """Refuse the statements that begin so."""

    def refuse(execute, sql, *args):
        if sql.startswith(start):
            raise error
        return execute(sql, *args)

    return connection.execute_wrapper(refuse)


def test_a_database_that_takes_no_writes_costs_no_page(browser, alice, acme, caplog):
    with refusing("UPDATE", OperationalError("cannot execute UPDATE in a read-only transaction")):
        assert browser.get("/o/acme/").status_code == 200
    assert place(alice) == (None, None)
    assert "Visit not written: OperationalError" in caplog.text
    assert "Acme" in browser.get("/o/acme/").text


def test_a_membership_that_goes_while_its_page_is_made_costs_nobody_anything(
    browser, alice, birch, monkeypatch
):
    def remember_too_late(request):
        birch.memberships.filter(user=alice).delete()
        visits.remember(request)

    monkeypatch.setattr(access, "remember", remember_too_late)
    assert browser.get("/o/birch/").status_code == 200
    assert place(alice) == (None, None)
    assert browser.get("/o/birch/").status_code == 404


@pytest.fixture
def in_garden(garden, frank):
    """Frank's browser, last on a page of the team he leads."""
    browser = Client()
    browser.force_login(frank)
    browser.get(garden.get_absolute_url())
    return browser


def test_a_page_of_a_team_is_opened_again(in_garden, frank, acme, garden):
    assert place(frank) == (acme.pk, garden.pk)
    assert in_garden.get(LAST).url == f"/o/acme/teams/{garden.pk}/"


def test_another_team_of_the_organization_takes_its_place_and_is_no_new_visit(
    in_garden, frank, acme
):
    before, kitchen = visited(acme, frank), acme.teams.create(name="Kitchen")
    in_garden.get(kitchen.get_absolute_url())
    assert place(frank) == (acme.pk, kitchen.pk)
    assert visited(acme, frank) == before


def test_a_team_is_remembered_while_one_stays_in_its_organization(in_garden, frank, acme, garden):
    in_garden.get("/o/acme/members/")
    assert place(frank) == (acme.pk, garden.pk)


def test_the_team_is_forgotten_in_another_organization(in_garden, frank, birch):
    birch.add_user(frank)
    in_garden.get("/o/birch/")
    assert place(frank) == (birch.pk, None)


@pytest.mark.parametrize("change", ["team of another", "not a member", "no such team"])
def test_sql_cannot_make_a_device_remember_what_is_not_its_persons(
    change, in_garden, frank, acme, garden, birch
):
    changes = {
        "team of another": {"active_team_id": birch.teams.create(name="Wood").pk},
        "not a member": {"active_organization_id": birch.pk, "active_team_id": None},
        "no such team": {"active_team_id": birch.pk},
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        frank.sessions.update(**changes[change])
    assert place(frank) == (acme.pk, garden.pk)


def test_leaving_an_organization_clears_what_a_device_remembers(in_garden, frank, acme):
    acme.memberships.filter(user=frank).delete()
    assert place(frank) == (None, None)
    assert in_garden.get(LAST).url == "/organizations/"


def test_a_team_that_is_deleted_is_forgotten(in_garden, frank, acme, garden):
    garden.delete()
    assert place(frank) == (acme.pk, None)
    assert in_garden.get(LAST).url == "/o/acme/"


def test_an_organization_that_is_deleted_is_forgotten(in_garden, frank, acme):
    acme.delete()
    assert place(frank) == (None, None)
    assert frank.sessions.exists()


def test_neither_saving_a_session_nor_a_new_key_forgets(in_garden, frank, acme, garden):
    session = in_garden.session
    session["said"] = "something"
    session.save()
    session.cycle_key()
    session.save()
    assert place(frank) == (acme.pk, garden.pk)


def test_signing_out_forgets(in_garden, frank):
    in_garden.post("/accounts/logout/")
    in_garden.force_login(frank)
    assert place(frank) == (None, None)


@pytest.mark.django_db(transaction=True)
def test_a_page_waits_for_nobody_who_changes_the_membership(browser, alice, birch, caplog):
    held, shown = threading.Event(), threading.Event()

    def change():
        with transaction.atomic():
            birch.memberships.select_for_update().get(user=alice)
            held.set()
            return shown.wait(60)

    def visit():
        held.wait(60)
        status = browser.get("/o/birch/").status_code
        shown.set()
        return status

    assert at_once(change, visit) == [True, 200]
    assert place(alice) == (None, None)
    assert "Visit not written: LockNotAvailable" in caplog.text
