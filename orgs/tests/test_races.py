"""Many at once, each on a connection of their own: no rule breaks and no page fails."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection, transaction

from accounts.models import User
from config.tests.admin_pages import url
from config.tests.at_once import at_once, browsers, posting, side_by_side, statuses
from orgs import access, models
from orgs.models import Invitation, Membership, Organization
from orgs.roles import Role
from orgs.tests.conftest import link_in

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 3
MANY_ROUNDS = 200


@pytest.fixture
def invited(acme, alice):
    """Invite by the shell; return the invitation and the path of its link."""

    def invited(email="erin@example.com"):
        by = Membership.objects.get(organization=acme, user=alice)
        invitation = acme.invite(email, Role.MEMBER, by=by)
        return invitation, link_in(mail.outbox[-1])

    return invited


def test_eight_accepts_make_one_membership(invited, erin):
    invitation, link = invited()
    calls = [posting(browser, f"{link}accept/") for browser in browsers(erin, 8)]
    assert statuses(at_once(*calls)) == {302: 8}
    assert Membership.objects.filter(user=erin).count() == 1
    invitation.refresh_from_db()
    assert invitation.invitee == erin


def test_two_invitations_of_one_person_make_one_membership(invited, erin):
    erin.emailaddress_set.create(email="erin@home.example", verified=True)
    links = [invited()[1], invited("erin@home.example")[1]]
    calls = [posting(browser, f"{link}accept/") for link in links for browser in browsers(erin, 3)]
    assert statuses(at_once(*calls)) == {302: 6}
    assert Membership.objects.filter(user=erin).count() == 1


@pytest.mark.parametrize("_", range(ROUNDS))
def test_an_invitation_is_accepted_or_revoked_and_never_both(_, invited, erin, alice):
    invitation, link = invited()
    [erins], [owners] = browsers(erin, 1), browsers(alice, 1)
    revoke = f"/o/acme/invitations/{invitation.pk}/revoke/"
    answers = at_once(posting(erins, f"{link}accept/"), posting(owners, revoke))
    invitation.refresh_from_db()
    joined = Membership.objects.filter(user=erin).exists()
    assert invitation.status == ("accepted" if joined else "revoked")
    assert [answer.status_code for answer in answers] == [302 if joined else 410, 302]


def test_of_two_who_take_one_address_one_gets_it(alice, charlie):
    for n in range(ROUNDS):
        form = {"name": "Green", "slug": f"green-{n}"}
        calls = [
            posting(browser, "/organizations/new/", form)
            for person in (alice, charlie)
            for browser in browsers(person, 1)
        ]
        answers = at_once(*calls)
        assert statuses(answers) == {302: 1, 400: 1}
        [refused] = [answer for answer in answers if answer.status_code == 400]
        assert "Choose another." in refused.text
        assert Organization.objects.filter(slug=f"green-{n}").count() == 1


@pytest.mark.slow
def test_of_those_who_make_and_rename_one_gets_an_address(acme, bob, charlie, erin, settings):
    settings.MAX_ORGANIZATIONS_OWNED = MANY_ROUNDS
    [bobs], [charlies], [erins] = (browsers(person, 1) for person in (bob, charlie, erin))
    for n in range(MANY_ROUNDS):
        here = Organization.objects.get(pk=acme.pk).get_absolute_url()
        form = {"name": "Green", "slug": f"green-{n}"}
        answers = at_once(
            posting(charlies, "/organizations/new/", form),
            posting(erins, "/organizations/new/", form),
            posting(bobs, f"{here}settings/name/", form),
        )
        assert statuses(answers) == {302: 1, 400: 2}
        assert Organization.objects.filter(slug=form["slug"]).count() == 1


def test_one_person_sending_one_form_four_times_gets_one_organization(charlie, monkeypatch):
    monkeypatch.setattr(models, "DOUBLE_CLICK", timedelta(hours=1))  # however long it takes here
    form = {"name": "Green", "slug": "green"}
    calls = [posting(browser, "/organizations/new/", form) for browser in browsers(charlie, 4)]
    answers = at_once(*calls)
    assert {answer.url for answer in answers} == {"/o/green/"}
    assert Organization.objects.count() == 1


def test_a_double_click_deletes_an_organization_once(acme, alice, monkeypatch):
    monkeypatch.setattr(access, "_membership", side_by_side(access._membership))
    calls = [
        posting(browser, "/o/acme/settings/delete/", {"slug": "acme"})
        for browser in browsers(alice, 4)
    ]
    assert statuses(at_once(*calls)) == {302: 1, 404: 3}
    assert not Organization.objects.exists()


def test_two_admins_inviting_one_address_make_one_invitation(acme, alice, bob):
    form = {"emails": "erin@example.com", "role": "member"}
    calls = [
        posting(browser, "/o/acme/invitations/new/", form)
        for person in (alice, bob)
        for browser in browsers(person, 2)
    ]
    assert statuses(at_once(*calls)) == {302: 1, 400: 3}
    assert Invitation.objects.count() == 1
    assert len(mail.outbox) == 1


def test_of_several_new_links_only_the_last_works(invited, alice, client):
    invitation, _link = invited()
    resend = f"/o/acme/invitations/{invitation.pk}/resend/"
    calls = [posting(browser, resend) for browser in browsers(alice, 4)]
    assert statuses(at_once(*calls)) == {302: 4}
    links = [link_in(message) for message in mail.outbox]
    assert Counter(client.get(link).status_code for link in links) == {404: 4, 200: 1}
    invitation.refresh_from_db()
    assert invitation.mail.delivered


def test_accepting_while_the_organization_is_deleted_leaves_nothing_half_done(invited, erin, acme):
    _, link = invited()
    [erins] = browsers(erin, 1)
    accepted, deleted = at_once(posting(erins, f"{link}accept/"), Organization.objects.get().delete)
    assert accepted.status_code in (302, 404)
    if Organization.objects.exists():
        assert Membership.objects.filter(user=erin).exists()
        assert isinstance(deleted, Exception)
    else:
        assert not Membership.objects.exists()
        assert User.objects.filter(pk=erin.pk).exists()


@pytest.mark.parametrize("by_staff", [False, True])
def test_who_is_held_by_somebody_else_is_not_removed_meanwhile(by_staff, acme, bob, dora, olivia):
    """Who answers an invitation holds its person before it, as who revokes it has to."""
    hers, his = (Membership.objects.get(organization=acme, user=user) for user in (dora, bob))
    [staff] = browsers(olivia, 1)

    def removal():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
            if by_staff:
                return staff.post(url(Membership, "delete", hers.pk), {"post": "yes"})
            return hers.remove(by=his)

    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=dora.pk)
        at_once(removal)
    assert acme.memberships.filter(user=dora).exists()
    at_once(removal)
    assert not acme.memberships.filter(user=dora).exists()
