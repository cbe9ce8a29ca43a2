"""Changing somebody's role, removing them, and leaving: who may do it to whom, and what follows."""

import itertools
from contextlib import contextmanager

import pytest
from allauth.account.models import EmailAddress
from django.contrib.messages import get_messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.models import Event, Mail, Session, User
from accounts.verbs import Verb
from orgs.limits import LimitReached
from orgs.models import Invitation, Membership, PrimaryOwnerStays, Team, TeamMembership
from orgs.roles import Role

# Who may handle whom: nobody themselves, the primary owner, or somebody above.
MAY_HANDLE = {
    "alice": {"grace", "bob", "dora", "frank"},
    "grace": {"bob", "dora", "frank"},
    "bob": {"dora", "frank"},
    "dora": set(),
    "frank": set(),
}
REFUSALS = (PermissionDenied, PrimaryOwnerStays)


@pytest.fixture
def members(alice, grace, bob, dora, frank, garden, membership):
    """The memberships of Acme by name: two owners, an admin, and two members of the team Garden."""
    people = {"alice": alice, "grace": grace, "bob": bob, "dora": dora, "frank": frank}
    return {name: membership(person) for name, person in people.items()}


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def attempt(verb, *args, **kwargs):
    """Return whether it was allowed."""
    with undone():
        try:
            verb(*args, **kwargs)
        except REFUSALS:
            return False
        return True


def page_of(member):
    return f"/o/acme/members/{member.pk}/"


def told(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def is_member(member):
    return Membership.objects.filter(pk=member.pk).exists()


def test_who_may_remove_whom(members):
    for actor, other in itertools.product(members, repeat=2):
        member = Membership.objects.get(pk=members[other].pk)
        may = attempt(member.remove, by=members[actor])
        assert may == (other in MAY_HANDLE[actor]), (actor, other)


def test_admins_handle_one_another(members):
    bob, dora = members["bob"], members["dora"]
    dora.change_role(Role.ADMIN, by=members["alice"])
    assert attempt(dora.change_role, Role.MEMBER, by=bob)
    assert attempt(bob.remove, by=dora)


def test_who_may_give_whom_which_role(members):
    for actor, other, role in itertools.product(members, members, Role):
        expected = other in MAY_HANDLE[actor] and (
            role != Role.OWNER or actor in ("alice", "grace")
        )
        may = attempt(members[other].change_role, role, by=members[actor])
        assert may == expected, (actor, other, role)


@pytest.mark.parametrize(
    ("actor", "other"),
    [*itertools.product(["grace", "bob"], ["grace", "bob", "alice"])],
)
def test_pages_offer_what_may_be_done_and_no_more(actor, other, members, signed_in):
    page = signed_in(members[actor].user).get(page_of(members[other])).text
    for action in ("role/", "remove/"):
        assert (f'action="{page_of(members[other])}{action}"' in page) is (
            other in MAY_HANDLE[actor]
        )


def test_admin_offers_every_role_but_owner(members, signed_in):
    page = signed_in(members["bob"].user).get(page_of(members["dora"])).text
    assert 'value="admin"' in page
    assert 'value="owner"' not in page
    page = signed_in(members["alice"].user).get(page_of(members["dora"])).text
    assert 'value="owner"' in page


def test_a_new_role_counts_at_once_and_is_told(members, signed_in):
    dora = signed_in(members["dora"].user)
    assert dora.get("/o/acme/invitations/").status_code == 403
    path = page_of(members["dora"])
    response = signed_in(members["bob"].user).post(f"{path}role/", {"role": "admin"})
    assert response.url == path
    assert told(response) == "Dora Example has the role of admin now."
    assert dora.get("/o/acme/invitations/").status_code == 200
    event = Event.objects.first()
    assert (event.verb, event.actor_id) == (Verb.MEMBER_ROLE_CHANGED, members["bob"].user_id)
    assert (event.subject_id, event.organization_id) == (
        members["dora"].user_id,
        members["dora"].organization_id,
    )
    assert event.data == {"before": "member", "after": "admin"}


def test_whoever_was_banned_or_switched_off_since_the_gate_changes_nothing(members):
    bobs = User.objects.filter(pk=members["bob"].user_id)
    for closed in ({"banned_at": timezone.now()}, {"banned_at": None, "is_active": False}):
        bobs.update(**closed)
        with pytest.raises(PermissionDenied):
            members["dora"].change_role(Role.ADMIN, by=members["bob"])
        with pytest.raises(PermissionDenied):
            members["dora"].organization.invite("erin@example.com", Role.ADMIN, by=members["bob"])


def test_the_role_somebody_has_already_changes_nothing(members):
    events = Event.objects.count()
    members["dora"].change_role(Role.MEMBER, by=members["bob"])
    assert Event.objects.count() == events


@pytest.mark.parametrize(
    "role", ["", "emperor", "owner,member", "OWNER", "owner\0", "x" * 1_000_000]
)
def test_what_is_no_role_is_refused_with_a_reason(role, members, signed_in):
    path = page_of(members["dora"])
    response = signed_in(members["alice"].user).post(f"{path}role/", {"role": role})
    assert response.status_code in (400, 413)
    assert response.status_code == 413 or "errorlist" in response.text
    members["dora"].refresh_from_db()
    assert members["dora"].role == Role.MEMBER


def test_whatever_else_a_form_says_is_ignored(members, birch, charlie, signed_in):
    forged = {"organization": birch.pk, "user": charlie.pk, "is_admin": "on", "id": charlie.pk}
    path = page_of(members["dora"])
    signed_in(members["alice"].user).post(f"{path}role/", {"role": "admin", **forged})
    before = members["dora"]
    after = Membership.objects.get(pk=before.pk)
    assert (after.role, after.user_id, after.organization_id) == (
        Role.ADMIN,
        before.user_id,
        before.organization_id,
    )


def test_who_is_removed_is_out_at_once_and_told_by_email(members, signed_in, mailoutbox):
    dora = signed_in(members["dora"].user)
    assert dora.get("/o/acme/").status_code == 200
    response = signed_in(members["bob"].user).post(f"{page_of(members['dora'])}remove/")
    assert response.url == "/o/acme/members/"
    assert told(response) == "Dora Example is no longer a member of Acme."
    assert dora.get("/o/acme/").status_code == 404
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == (["dora@example.com"], "You are no longer a member of Acme")
    event = Event.objects.first()
    assert (event.verb, event.actor_id) == (Verb.MEMBER_REMOVED, members["bob"].user_id)
    assert (event.subject_id, event.data) == (members["dora"].user_id, {"role": "member"})


def test_who_is_not_removed_gets_no_email(members, signed_in, mailoutbox):
    signed_in(members["bob"].user).post(f"{page_of(members['grace'])}remove/")
    assert not mailoutbox
    assert is_member(members["grace"])


@pytest.mark.parametrize(
    ("email", "verified", "returns"),
    [
        ("dora@home.example", True, False),
        ("dora@home.example", False, True),  # anybody can claim an address
        ("erin@example.com", None, True),
    ],
)
def test_no_invitation_to_an_address_of_their_own_leads_back_who_was_removed(
    email, verified, returns, members, acme, birch, settings
):
    settings.MAIL_DELIVERY = "worker"
    dora, bob = members["dora"], members["bob"]
    if verified is not None:
        EmailAddress.objects.create(user=dora.user, email=email, verified=verified)
    elsewhere = birch.invite(email, Role.MEMBER, by=birch.memberships.get(role=Role.OWNER))
    invitation = acme.invite(email, Role.MEMBER, by=bob)
    dora.remove(by=bob)
    pending = Invitation.objects.pending()
    assert set(pending) == ({elsewhere, invitation} if returns else {elsewhere})
    assert Mail.objects.filter(pk=invitation.mail_id).exists() is returns
    event = Event.objects.first()
    assert (event.verb == Verb.INVITATION_REVOKED) is not returns
    assert event.actor_id == bob.user_id


def test_who_leaves_is_out_at_once(members, signed_in, mailoutbox):
    frank = signed_in(members["frank"].user)
    assert 'action="/o/acme/members/leave/"' in frank.get(page_of(members["frank"])).text
    response = frank.post("/o/acme/members/leave/")
    assert response.url == "/organizations/"
    assert told(response) == "You are no longer a member of Acme."
    assert frank.get("/o/acme/").status_code == 404
    assert not mailoutbox  # they know
    event = Event.objects.first()
    assert str(event) == "Somebody left the organization"
    assert (event.verb, event.actor_id) == (Verb.MEMBER_LEFT, members["frank"].user_id)


@pytest.mark.parametrize("end", ["remove", "leave"])
def test_places_in_teams_and_what_devices_remember_end_with_the_membership(
    end, members, garden, signed_in
):
    dora = members["dora"]
    signed_in(dora.user)
    hints = {"active_organization_id": dora.organization_id, "active_team_id": garden.pk}
    Session.objects.filter(user=dora.user).update(**hints)
    dora.leave() if end == "leave" else dora.remove(by=members["bob"])
    assert not TeamMembership.objects.filter(membership_id=dora.pk).exists()
    session = Session.objects.get(user=dora.user)
    assert (session.active_organization_id, session.active_team_id) == (None, None)
    assert Team.objects.filter(pk=garden.pk).exists()


def test_the_primary_owner_stays_until_a_transfer_and_reads_so(members, signed_in):
    alice, grace = members["alice"], members["grace"]
    browser = signed_in(alice.user)
    own = browser.get(page_of(alice)).text
    assert "until somebody else has taken Acme over" in own
    assert 'href="/o/acme/transfer/"' in own
    assert "/leave/" not in own
    assert "primary owner" in told(browser.post("/o/acme/members/leave/"))
    others = signed_in(grace.user)
    assert "The primary owner can neither" in others.get(page_of(alice)).text
    assert "primary owner" in told(others.post(f"{page_of(alice)}remove/"))
    assert "primary owner" in told(others.post(f"{page_of(alice)}role/", {"role": "member"}))
    assert Membership.objects.get(pk=alice.pk).role == Role.OWNER


def test_after_a_transfer_the_former_primary_owner_may_leave(members, acme):
    acme.owner.organization_user = members["grace"]
    acme.owner.save()
    with pytest.raises(PrimaryOwnerStays):
        members["grace"].leave()
    members["alice"].leave()
    assert not is_member(members["alice"])


def test_powers_lost_a_moment_ago_count_no_more(members):
    """The gate let them pass; the verb reads them again."""
    bob, dora = members["bob"], members["dora"]
    Membership.objects.filter(pk=bob.pk).update(role=Role.MEMBER)
    assert not attempt(dora.remove, by=bob)
    Membership.objects.filter(pk=bob.pk).delete()
    assert not attempt(dora.remove, by=bob)


def test_power_gained_a_moment_ago_protects(members):
    """Dora became an owner after Bob opened her page."""
    bob, dora = members["bob"], members["dora"]
    Membership.objects.filter(pk=dora.pk).update(role=Role.OWNER)
    assert not attempt(dora.remove, by=bob)
    assert not attempt(dora.change_role, Role.ADMIN, by=bob)


def test_a_member_of_another_organization_is_handled_by_nobody_here(members, birch, charlie):
    theirs = birch.memberships.get(user=charlie)
    assert not attempt(theirs.remove, by=members["alice"])
    assert not attempt(members["dora"].remove, by=theirs)


def test_a_second_click_finds_nobody(members, signed_in):
    bob, path = signed_in(members["bob"].user), page_of(members["dora"])
    assert bob.post(f"{path}remove/").status_code == 302
    assert bob.post(f"{path}remove/").status_code == 404
    assert bob.post(f"{path}role/", {"role": "admin"}).status_code == 404


def test_a_member_page_costs_five_statements(members, signed_in, django_assert_num_queries):
    browser = signed_in(members["dora"].user)
    # Session with person, membership with organization, the member, their teams, switcher.
    with django_assert_num_queries(5):
        page = browser.get(page_of(members["frank"])).text
    assert "Garden" in page


@pytest.mark.parametrize("seats", [3, 2])
def test_there_is_a_seat_for_as_many_as_the_limit_says(seats, acme, charlie, settings):
    settings.MAX_MEMBERS = seats + 1
    if seats == 3:
        acme.add_user(charlie)
    else:
        with pytest.raises(LimitReached, match="at most 3 members"):
            acme.add_user(charlie)
    assert acme.has_member(charlie) == (seats == 3)
