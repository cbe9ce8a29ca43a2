"""A person's own invitations, at /invitations/."""

import pytest
from allauth.account.models import EmailAddress

from accounts.models import Event
from orgs.invitations import InvitationStatus
from orgs.models import Invitation, Membership
from orgs.roles import Role
from orgs.tests.test_joining import close_organization, expire, remove_inviter, revoke, unverify

PAGE = "/invitations/"


@pytest.fixture
def erins(erin, signed_in):
    return signed_in(erin)


def test_people_see_what_waits_for_them_and_accept_it(erin, erins, invite, bob):
    invitation, _ = invite(role=Role.ADMIN, by=bob)
    page = erins.get(PAGE).text
    assert "Acme" in page
    assert "Bob Example invites you as an admin" in page
    assert f'action="{PAGE}{invitation.pk}/accept/"' in page
    assert erins.post(f"{PAGE}{invitation.pk}/accept/").url == "/o/acme/"
    assert Membership.objects.get(user=erin).role == Role.ADMIN
    assert "Bob Example" not in erins.get(PAGE).text


def test_people_decline_what_waits_for_them(erin, erins, invite):
    invitation, _ = invite()
    answer = erins.post(f"{PAGE}{invitation.pk}/decline/", follow=True)
    assert "You declined the invitation to Acme." in answer.text
    assert "No invitation waits for you" in answer.text
    invitation.refresh_from_db()
    assert invitation.status == InvitationStatus.DECLINED
    event = Event.objects.latest("id")
    assert (event.verb, event.actor_id) == ("invitation.declined", erin.pk)


@pytest.mark.parametrize("spoil", [expire, revoke, close_organization, unverify, remove_inviter])
def test_only_what_can_be_answered_is_shown(spoil, erins, invite, bob):
    invitation, _ = invite(by=bob)
    assert "Acme" in erins.get(PAGE).text
    spoil(invitation)
    assert "Acme" not in erins.get(PAGE).text


def test_a_member_sees_no_second_invitation(bob, invite, signed_in):
    EmailAddress.objects.create(user=bob, email="bob@home.example", verified=True)
    invite("bob@home.example")
    assert not Invitation.objects.for_person(bob).exists()


@pytest.mark.parametrize("action", ["accept", "decline"])
def test_nobody_answers_for_somebody_else(action, charlie, erins, invite, signed_in):
    invitation, _ = invite()
    path = f"{PAGE}{invitation.pk}/{action}/"
    assert signed_in(charlie).post(path).status_code == 404
    assert erins.post(path).status_code == 302


@pytest.mark.parametrize("action", ["accept", "decline"])
def test_an_address_that_is_not_confirmed_answers_nothing(action, erins, invite):
    invitation, _ = invite()
    unverify(invitation)
    assert erins.post(f"{PAGE}{invitation.pk}/{action}/").status_code == 404
    EmailAddress.objects.update(verified=True)
    assert erins.post(f"{PAGE}{invitation.pk}/{action}/").status_code == 302


@pytest.mark.parametrize("action", ["accept", "decline"])
def test_answering_takes_a_post_and_a_sign_in(action, client, erins, invite):
    invitation, _ = invite()
    path = f"{PAGE}{invitation.pk}/{action}/"
    assert erins.get(path).status_code == 405
    assert client.post(path).url == f"/accounts/login/?next={path}"
    assert client.get(PAGE).url == f"/accounts/login/?next={PAGE}"
    assert Invitation.objects.get().status == InvitationStatus.PENDING


def test_what_was_revoked_meanwhile_says_so(erins, invite):
    invitation, _ = invite()
    revoke(invitation)
    for action in ("accept", "decline"):
        answer = erins.post(f"{PAGE}{invitation.pk}/{action}/")
        assert answer.status_code == 410
        assert "This invitation was revoked" in answer.text


def test_the_list_costs_the_same_however_long_it_is(
    alice, erin, erins, invite, django_assert_num_queries
):
    invite()
    erins.get(PAGE)
    # Session and person, switcher (two for whoever has no organization), invitations.
    with django_assert_num_queries(4):
        erins.get(PAGE)
    for number in range(5):
        EmailAddress.objects.create(user=erin, email=f"erin{number}@example.com", verified=True)
        invite(f"erin{number}@example.com")
    with django_assert_num_queries(4):
        assert erins.get(PAGE).text.count("/accept/") == 6
