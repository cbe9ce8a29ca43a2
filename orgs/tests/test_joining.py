"""The way in through an invitation's link, and every way in which it leads no further."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from organizations.signals import invitation_accepted, user_added

from accounts.models import Event, User
from config import cast
from config.cast import PASSWORD
from orgs.invitations import InvitationStatus
from orgs.models import Invitation, Membership, TeamMembership
from orgs.roles import Role


def enter(browser, link, way="accept", **form):
    """Press a visitor's button; return the address of sign-in or sign-up, and where it leads."""
    entrance = browser.post(f"{link}{way}/", form).url
    return entrance, parse_qs(urlsplit(entrance).query)["next"][0]


def sign_in_to_accept(browser, link, email="erin@example.com"):
    """Accept as a visitor who has an account; return the page that they end on."""
    _, onward = enter(browser, link)
    form = {"login": email, "password": PASSWORD, "next": onward}
    return browser.post("/accounts/login/", form, follow=True)


@pytest.fixture
def erins(erin, signed_in):
    return signed_in(erin)


def change(invitation, **fields):
    Invitation.objects.filter(pk=invitation.pk).update(**fields)


def expire(invitation):
    change(invitation, expires=timezone.now() - timedelta(seconds=1))


def revoke(invitation):
    change(invitation, status=InvitationStatus.REVOKED, closed=timezone.now())


def use_up(invitation):
    change(invitation, status=InvitationStatus.ACCEPTED, closed=timezone.now())


def turn_down(invitation):
    change(invitation, status=InvitationStatus.DECLINED, closed=timezone.now())


def remove_inviter(invitation):
    Membership.objects.filter(user=invitation.invited_by).delete()


def forget_inviter(invitation):
    change(invitation, invited_by=None)


def switch_inviter_off(invitation):
    User.objects.filter(pk=invitation.invited_by_id).update(is_active=False)


def ban_inviter(invitation):
    User.objects.filter(pk=invitation.invited_by_id).update(banned_at=timezone.now())


def demote_inviter(invitation):
    Membership.objects.filter(user=invitation.invited_by).update(role=Role.MEMBER)


def close_organization(invitation):
    invitation.organization.is_active = False
    invitation.organization.save()


def unverify(invitation):
    EmailAddress.objects.filter(email=invitation.email).update(verified=False)


def move_to_another_address(invitation):
    change(invitation, email="somebody.else@example.com")


OBSTACLES = [
    (expire, 410, "This invitation has expired"),
    (revoke, 410, "This invitation was revoked"),
    (use_up, 410, "This invitation has already been used"),
    (turn_down, 410, "This invitation was declined"),
    (remove_inviter, 410, "This invitation is no longer valid"),
    (forget_inviter, 410, "This invitation is no longer valid"),
    (switch_inviter_off, 410, "This invitation is no longer valid"),
    (ban_inviter, 410, "This invitation is no longer valid"),
    (demote_inviter, 410, "This invitation is no longer valid"),
    (close_organization, 410, "This invitation is no longer valid"),
    (unverify, 403, "Confirm your email address first"),
    (move_to_another_address, 403, "This invitation is for somebody else"),
]


def test_the_invited_person_accepts_and_is_a_member(erin, erins, bob, invite):
    invitation, link = invite(role=Role.ADMIN, by=bob)
    page = erins.get(link)
    assert page.status_code == 200
    assert "Join Acme" in page.text
    assert "Bob Example invites you" in page.text
    answer = erins.post(f"{link}accept/")
    assert answer.url == "/o/acme/"
    assert Membership.objects.get(user=erin).role == Role.ADMIN
    invitation.refresh_from_db()
    assert invitation.invitee == erin
    assert invitation.status == InvitationStatus.ACCEPTED
    assert invitation.closed
    assert "You are a member of Acme." in erins.get(answer.url).text


def test_whoever_was_banned_since_they_opened_the_page_does_not_join(erin, invite):
    invitation, _ = invite()
    User.objects.filter(pk=erin.pk).update(banned_at=timezone.now())
    with pytest.raises(PermissionDenied):
        invitation.accept(by=erin)
    assert not erin.memberships.exists()


@pytest.mark.parametrize(("spoil", "status", "heading"), OBSTACLES)
def test_what_keeps_somebody_out_is_said_and_kept_to(spoil, status, heading, erins, invite, bob):
    invitation, link = invite(by=bob)
    spoil(invitation)
    before = Membership.objects.count(), Invitation.objects.values().get()
    for answer in (erins.get(link), erins.post(f"{link}accept/")):
        assert answer.status_code == status
        assert f"<h1>{heading}</h1>" in answer.text
        assert 'class="button' in answer.text  # a way on
        if status == 410:  # whom to ask
            assert re.search("[Aa]sk |tell somebody at Acme", answer.text)
        assert "no-store" in answer.headers["Cache-Control"]
    assert before == (Membership.objects.count(), Invitation.objects.values().get())


@pytest.mark.parametrize(("spoil", "status", "heading"), OBSTACLES[:10])
def test_a_visitor_is_told_too_and_gets_no_pass(spoil, status, heading, client, invite, bob):
    invitation, link = invite(by=bob)
    spoil(invitation)
    assert heading in client.get(link).text
    answer = client.post(f"{link}sign-up/")
    assert answer.status_code == status
    assert heading in answer.text
    assert "signup_pass" not in client.session


@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 5000, "%00", "..", "ü", "new"])
@pytest.mark.parametrize("action", ["", "accept/", "decline/", "sign-up/", "switch/", "confirm/"])
def test_an_unknown_link_says_so(token, action, erins, acme):
    path = f"/invitations/{token}/{action}"
    answer = erins.post(path) if action else erins.get(path)
    assert answer.status_code == 404
    if token != "..":
        assert "There is no such invitation" in answer.text


def test_the_page_says_who_invites_to_what(erin, erins, client, acme, invite, garden):
    invitation, link = invite()
    invitation.teams.add(garden)
    change(invitation, message="Bring <your> trowel.")
    for browser in (erins, client):
        page = browser.get(link).text
        assert "Alice Example invites you to Acme, as a member in the team Garden." in page
        assert "Bring &lt;your&gt; trowel." in page


def test_the_invited_person_declines(erin, erins, invite):
    invitation, link = invite()
    assert f'action="{link}decline/"' in erins.get(link).text
    answer = erins.post(f"{link}decline/", follow=True)
    assert answer.status_code == 410
    assert "This invitation was declined" in answer.text
    invitation.refresh_from_db()
    assert (invitation.status, bool(invitation.closed)) == (InvitationStatus.DECLINED, True)
    event = Event.objects.latest("id")
    assert (event.verb, event.actor_id, event.subject_id) == (
        "invitation.declined",
        erin.pk,
        invitation.pk,
    )
    assert erins.post(f"{link}accept/").status_code == 410
    assert not Membership.objects.filter(user=erin).exists()


@pytest.mark.parametrize("spoil", [expire, remove_inviter, close_organization])
def test_a_visitor_with_the_link_declines_whatever_keeps_them_from_joining(
    spoil, client, invite, bob
):
    invitation, link = invite(by=bob)
    spoil(invitation)
    client.post(f"{link}decline/")
    assert Invitation.objects.get().status == InvitationStatus.DECLINED
    assert Event.objects.latest("id").actor_id is None


def test_an_expired_invitation_offers_to_decline(client, invite):
    invitation, link = invite()
    expire(invitation)
    assert f'action="{link}decline/"' in client.get(link).text


@pytest.mark.parametrize("spoil", [revoke, use_up, turn_down])
def test_what_is_over_is_not_declined(spoil, client, invite):
    invitation, link = invite()
    spoil(invitation)
    before = Invitation.objects.values().get()
    assert client.post(f"{link}decline/").status_code == 410
    assert Invitation.objects.values().get() == before


def test_nobody_declines_for_somebody_else(charlie, erins, invite, signed_in):
    _, link = invite()
    answer = signed_in(charlie).post(f"{link}decline/")
    assert answer.status_code == 403
    assert "erin@example.com" not in answer.text
    assert Invitation.objects.get().status == InvitationStatus.PENDING
    erins.post(f"{link}decline/")
    assert Invitation.objects.get().status == InvitationStatus.DECLINED


def test_a_declined_invitation_keeps_nobody_from_inviting_again(client, invite):
    _, link = invite()
    client.post(f"{link}decline/")
    _, link = invite()
    assert client.get(link).status_code == 200


def test_whoever_accepts_joins_the_teams_that_are_still_there(erin, erins, acme, invite, garden):
    invitation, link = invite()
    invitation.teams.set([garden, acme.teams.create(name="Shed")])
    acme.teams.get(name="Shed").delete()
    erins.post(f"{link}accept/")
    [place] = TeamMembership.objects.filter(membership__user=erin)
    assert (place.team, place.role, place.organization) == (garden, "member", acme)
    event = Event.objects.latest("id")
    assert event.verb == "invitation.accepted"
    assert event.data == {"role": "member", "teams": [str(garden.pk)]}


def test_a_full_team_goes_without_who_accepts_and_they_read_it(
    erin, erins, acme, invite, garden, settings
):
    settings.MAX_TEAM_MEMBERS = 2
    invitation, link = invite()
    invitation.teams.set([garden, acme.teams.create(name="Shed")])
    page = erins.post(f"{link}accept/", follow=True)
    assert "There was no room for you in the team Garden." in page.text
    assert "at most 2 people in a team" in page.text
    [place] = TeamMembership.objects.filter(membership__user=erin)
    assert place.team.name == "Shed"


def test_accepting_costs_the_same_however_many_teams_there_are(acme, invite, garden, signed_in):
    costs = []
    for number in (1, 6):
        somebody = cast.person(f"guest{number}")
        invitation, link = invite(somebody.email)
        names = [f"{number}-{n}" for n in range(number)]
        invitation.teams.set([acme.teams.create(name=name) for name in names])
        with CaptureQueriesContext(connection) as queries:
            assert signed_in(somebody).post(f"{link}accept/").url == "/o/acme/"
        assert TeamMembership.objects.filter(membership__user=somebody).count() == number
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_a_full_organization_says_so_and_the_invitation_stays_open(
    erin, erins, client, acme, invite, settings
):
    _, link = invite()
    settings.MAX_MEMBERS = acme.memberships.count()
    for answer in (client.get(link), erins.get(link), erins.post(f"{link}accept/")):
        assert answer.status_code == 409
        assert "There is no free seat" in answer.text
        assert f"at most {settings.MAX_MEMBERS} members" in answer.text
        assert "Alice Example" in answer.text
    assert Invitation.objects.get().status == InvitationStatus.PENDING
    settings.MAX_MEMBERS += 1
    erins.post(f"{link}accept/")
    assert Membership.objects.filter(user=erin).exists()


def test_opening_the_link_accepts_nothing(erin, erins, invite):
    _, link = invite()
    for browser in (erins, Client()):
        browser.get(link)
        browser.head(link)
        browser.get(f"{link}accept/")
    assert not Membership.objects.filter(user=erin).exists()


def test_accepting_twice_leads_to_the_organization(erin, erins, invite):
    _, link = invite()
    for _ in range(2):
        assert erins.post(f"{link}accept/").url == "/o/acme/"
    assert erins.get(link).url == "/o/acme/"
    assert Membership.objects.filter(user=erin).count() == 1


def test_a_link_that_was_used_is_no_use_to_somebody_else(erins, invite, charlie, signed_in):
    _, link = invite()
    erins.post(f"{link}accept/")
    others = signed_in(charlie)
    assert others.get(link).status_code == 410
    assert others.post(f"{link}accept/").status_code == 410
    assert not Membership.objects.filter(user=charlie).exists()


def test_a_member_keeps_their_role_whatever_another_invitation_says(bob, invite, signed_in):
    EmailAddress.objects.create(user=bob, email="bob@home.example", verified=True)
    _, link = invite("bob@home.example", Role.OWNER)
    assert signed_in(bob).get(link).url == "/o/acme/"
    assert signed_in(bob).post(f"{link}accept/").url == "/o/acme/"
    assert Membership.objects.get(user=bob).role == Role.ADMIN


def test_any_confirmed_address_of_a_person_counts(erin, erins, invite):
    EmailAddress.objects.create(user=erin, email="erin@home.example", verified=True)
    _, link = invite("Erin@Home.example")
    assert erins.post(f"{link}accept/").url == "/o/acme/"


def test_the_invited_address_is_not_shown_to_somebody_else(charlie, invite, signed_in):
    _, link = invite()
    browser = signed_in(charlie)
    for answer in (browser.get(link), browser.post(f"{link}accept/")):
        assert "erin@example.com" not in answer.text
        assert "charlie@example.com" in answer.text


def test_whoever_is_somebody_else_can_switch(charlie, erin, invite, signed_in):
    _, link = invite()
    browser = signed_in(charlie)
    assert f'action="{link}switch/"' in browser.get(link).text
    assert browser.post(f"{link}switch/").url == link
    assert sign_in_to_accept(browser, link).redirect_chain[-1] == ("/o/acme/", 302)


def test_the_librarys_signals_tell_who_joined(erin, erins, invite):
    invitation, link = invite()
    heard = []

    def hear(signal, sender, user, **kwargs):
        heard.append((signal, sender, user))

    for signal in (user_added, invitation_accepted):
        signal.connect(hear)
    try:
        erins.post(f"{link}accept/")
    finally:
        for signal in (user_added, invitation_accepted):
            signal.disconnect(hear)
    assert heard == [
        (user_added, invitation.organization, erin),
        (invitation_accepted, invitation, erin),
    ]


def test_pages_with_the_link_are_kept_by_no_cache(client, erins, invite):
    _, link = invite()
    for browser in (client, erins):
        assert "no-store" in browser.get(link).headers["Cache-Control"]
