"""A person, or a whole organization, is deleted while somebody is at work there.

Each call has a connection of its own. Nobody waits for each other in a circle, and what was begun
is done or refused: never half of it, never a page that fails.
"""

from functools import partial

import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.test import Client

from accounts.models import User
from config import cast
from config.tests.admin_pages import url
from config.tests.at_once import at_once
from orgs.models import Invitation, Membership, Organization, Team, Transfer
from orgs.refusals import InvitationClosed
from orgs.roles import Role
from orgs.transfers import CannotTransfer

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ROUNDS = 10  # 200 take minutes: raise it by hand after a change of locks
FEW = 5  # for pages
DONE = type(None)


@pytest.fixture(autouse=True)
def emails_wait(settings):
    """They are withdrawn with their invitations, and deleted with their people."""
    settings.MAIL_DELIVERY = "worker"
    settings.INVITATION_RATE = (10**6, 3600)


@pytest.fixture
def owner(acme, alice):
    return acme.memberships.select_related("user", "organization").get(user=alice)


def erasing(person):
    """Return what deletes their account, as a request of their own does."""
    return partial(User.objects.get(pk=person.pk).erase, by=person)


def posting(person, path, **form):
    """Return what sends this form as this person, and returns the status of the answer."""
    browser = Client()
    browser.force_login(person)
    return lambda: browser.post(path, form).status_code


def test_who_deletes_their_account_while_they_invite_has_invited_or_not(acme, alice):
    for number in range(ROUNDS):
        bob = cast.person(f"inviter{number}")
        by = acme.add_user(bob, Role.ADMIN)
        email = f"guest{number}@example.com"
        inviting = partial(acme.invite, email, Role.MEMBER, by=by)
        invited, erased = at_once(inviting, erasing(bob))
        assert erased is None
        assert isinstance(invited, Invitation | PermissionDenied)
        exists = Invitation.objects.filter(email=email, invited_by=None).exists()
        assert exists == isinstance(invited, Invitation)


@pytest.mark.parametrize("verb", ["revoke", "renew"])
def test_who_deletes_their_account_takes_the_invitation_along(verb, acme, owner):
    for number in range(ROUNDS):
        guest = cast.person(f"guest{number}")
        invitation = acme.invite(guest.email, Role.MEMBER, by=owner)
        answered, erased = at_once(partial(getattr(invitation, verb), by=owner), erasing(guest))
        assert erased is None
        assert isinstance(answered, DONE | ObjectDoesNotExist | InvitationClosed)
        assert not Invitation.objects.exists()


def test_who_deletes_their_account_is_offered_nothing(acme, owner):
    for number in range(ROUNDS):
        recipient = cast.person(f"recipient{number}")
        to = acme.add_user(recipient, Role.ADMIN)
        offered, erased = at_once(partial(Transfer.offer, to, by=owner), erasing(recipient))
        assert erased is None
        assert isinstance(offered, Transfer | CannotTransfer)
        assert not Transfer.objects.exists()


def test_who_deletes_their_account_makes_no_organization(db):
    for number in range(ROUNDS):
        founder = cast.person(f"founder{number}")
        making = partial(Organization.create, name="Park", slug=f"park{number}", by=founder)
        made, erased = at_once(making, erasing(founder))
        is_made = isinstance(made, Organization)
        assert is_made or isinstance(made, PermissionDenied)
        assert User.objects.filter(pk=founder.pk).exists() == is_made == bool(erased)


def test_staff_delete_an_organization_in_which_people_are_at_work(alice, bob, olivia):
    for number in range(FEW):
        park = Organization.create(name="Park", slug=f"park{number}", by=alice)
        by = park.memberships.get(user=alice)
        team, member = Team.create(park, "Garden", by=by), park.add_user(bob)
        guest = cast.person(f"guest{number}")
        invitation = park.invite(guest.email, Role.MEMBER, by=by, teams=[team.pk])
        deleted, *others = at_once(
            posting(olivia, url(Organization, "delete", park.pk), post="yes"),
            posting(alice, f"/o/{park.slug}/teams/{team.pk}/people/add/", people=member.pk),
            posting(alice, f"/o/{park.slug}/teams/new/", name="Shed"),
            posting(guest, f"/invitations/{invitation.pk}/accept/"),
        )
        assert deleted == 302
        assert set(others) <= {302, 404}
        assert not Organization.objects.exists()


def test_staff_delete_the_membership_of_who_takes_over_at_that_moment(alice, olivia):
    for number in range(FEW):
        park = Organization.create(name="Park", slug=f"park{number}", by=alice)
        heir = cast.person(f"heir{number}")
        to, owner = park.add_user(heir, Role.ADMIN), park.memberships.get(user=alice)
        Transfer.offer(to, by=owner)
        chosen = {"action": "delete_selected", "_selected_action": str(to.pk), "post": "yes"}
        deleted, accepted = at_once(
            posting(olivia, url(Membership, "changelist"), **chosen),
            posting(heir, f"/o/{park.slug}/transfer/accept/"),
        )
        is_owner = Organization.objects.get().owner.organization_user == to
        assert (deleted, accepted) in ([(200, 302)] if is_owner else [(302, 403), (302, 404)])
        Organization.objects.all().delete()


def test_staff_delete_a_person_who_takes_over_at_that_moment(alice, olivia):
    for number in range(FEW):
        park = Organization.create(name="Park", slug=f"park{number}", by=alice)
        heir = cast.person(f"heir{number}")
        to, owner = park.add_user(heir, Role.ADMIN), park.memberships.get(user=alice)
        Transfer.offer(to, by=owner)
        deleted, accepted = at_once(
            posting(olivia, url(User, "delete", heir.pk), post="yes"),
            posting(heir, f"/o/{park.slug}/transfer/accept/"),
        )
        assert deleted in (200, 302)
        assert accepted < 500
        assert User.objects.filter(pk=heir.pk).exists() == (deleted == 200)
        Organization.objects.all().delete()
