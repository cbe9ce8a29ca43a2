"""Deleting an organization: who may, what goes, and who is told."""

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.models import Avatar, Event, Session, User
from accounts.verbs import Verb
from orgs.models import Invitation, Membership, Organization, Team, TeamMembership
from orgs.roles import Role

PAGE = "/o/acme/settings/delete/"
TABLES = [Organization, Membership, Team, TeamMembership, Invitation, Avatar]


def delete(browser, slug="acme", **forged):
    return browser.post(PAGE, {"slug": slug, **forged})


@pytest.fixture
def browser(alice, garden, signed_in):
    """Alice's, who is the primary owner."""
    return signed_in(alice)


def test_everything_of_it_goes_and_nothing_else(browser, acme, birch, invite, alice, membership):
    _, link = invite()
    acme.change_logo(b"logo", by=membership(alice))
    birch.invite("erin@example.com", Role.MEMBER, by=birch.memberships.get(role=Role.OWNER))
    assert delete(browser).url == "/organizations/"
    assert Organization.objects.get() == birch
    for table in TABLES[1:]:
        assert table.objects.count() == {Membership: 2, Invitation: 1}.get(table, 0), table
    assert User.objects.filter(name__startswith="Dora").exists()
    assert browser.get("/o/acme/").status_code == 404
    assert Client().get(link).status_code == 404
    assert "Acme is deleted. Its members are told by email." in browser.get("/o/birch/").text


def test_the_audit_trail_keeps_its_lines(browser, acme, alice):
    before = Event.objects.filter(organization_id=acme.pk).count()
    delete(browser)
    events = Event.objects.filter(organization_id=acme.pk)
    assert events.count() == before + 1
    assert events.first().verb == Verb.ORGANIZATION_DELETED
    assert str(events.first()).endswith("deleted the organization Acme")


def test_no_device_remembers_it(browser, acme, alice):
    Session.objects.update(active_organization_id=acme.pk)
    delete(browser)
    assert Session.objects.get(user=alice).active_organization_id is None


def test_all_members_are_told_once_it_is_so(browser, acme, dora, mailoutbox):
    User.objects.filter(pk=dora.pk).update(is_active=False)
    delete(browser)
    told = {mail.to[0]: mail for mail in mailoutbox}
    assert sorted(told) == ["alice@example.com", "bob@example.com", "frank@example.com"]
    mail = told["bob@example.com"]
    assert mail.subject == "Acme is deleted"
    assert f"Alice Example deleted the organization Acme on {settings.SITE_NAME}." in mail.body


@pytest.mark.parametrize("slug", ["", "Acme Inc", "birch", "acme\x00", "a" * 1000, "acme,birch"])
def test_without_its_address_typed_nothing_is_deleted(slug, browser, mailoutbox):
    answer = delete(browser, slug)
    assert answer.status_code == 400
    assert 'id="id_slug_error"' in answer.text
    assert Organization.objects.exists()
    assert not mailoutbox


def test_it_takes_a_fresh_sign_in_and_then_goes_on(browser, alice):
    session = browser.session
    session["confirmed_at"] = 0
    session.save()
    assert browser.get(PAGE).status_code == 200
    assert delete(browser).url.startswith("/accounts/reauthenticate/")
    assert Organization.objects.exists()


@pytest.mark.parametrize("person", ["grace", "bob", "frank"])
def test_nobody_but_the_primary_owner_deletes_it(
    person, acme, garden, request, signed_in, membership
):
    person = request.getfixturevalue(person)
    assert delete(signed_in(person)).status_code == 403
    with pytest.raises(PermissionDenied, match="permission to delete the organization"):
        acme.erase(by=membership(person))
    assert Organization.objects.exists()


def test_whoever_handed_it_over_meanwhile_deletes_nothing(acme, alice, grace, membership):
    by = membership(alice)
    assert by.is_primary_owner
    acme.owner.organization_user = membership(grace)
    acme.owner.save()
    with pytest.raises(PermissionDenied):
        acme.erase(by=by)
    assert Organization.objects.exists()


def test_nobody_deletes_another_organization_through_their_own(birch, charlie, acme, alice):
    with pytest.raises(PermissionDenied):
        acme.erase(by=birch.memberships.get(user=charlie))
    assert acme.memberships.exists()
