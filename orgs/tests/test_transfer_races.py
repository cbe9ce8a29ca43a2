"""A transfer beside whatever else happens at that moment: one primary owner, who is an owner.

Everything begins with a lock on the organization, so nobody waits for somebody who waits for them.
"""

import itertools
from functools import partial
from typing import NamedTuple

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection

from accounts.models import User
from config.tests.at_once import at_once, browsers, posting, rounds, statuses
from orgs.models import Membership, Organization, Ownership, PrimaryOwnerStays, Transfer
from orgs.roles import Role
from orgs.transfers import CannotTransfer

pytestmark = pytest.mark.django_db(transaction=True)

FEW = 3  # rounds
NUMBERS = itertools.count()


class Offer(NamedTuple):
    """What one round is about; each has an organization and people of its own."""

    organization: Organization
    owner: Membership
    recipient: Membership

    @classmethod
    def make(cls):
        number = next(NUMBERS)
        owner, recipient = User.objects.bulk_create(
            User(email=f"{name}-{number}@example.com") for name in ("owner", "recipient")
        )
        organization = Organization.create(name="Race", slug=f"race-{number}", by=owner)
        offer = cls(
            organization,
            organization.memberships.get(user=owner),
            organization.add_user(recipient, Role.ADMIN),
        )
        Transfer.offer(offer.recipient, by=offer.owner)
        return offer

    def accept(self):
        """Accept as a request would: with what was read before."""
        return partial(Transfer.objects.get(membership=self.recipient).accept, by=self.recipient)

    def is_accepted(self):
        """Whether it was; checks what holds either way."""
        ownership = Ownership.objects.select_related("organization_user").get(
            organization=self.organization
        )
        assert ownership.organization_user.role == Role.OWNER
        assert ownership.organization_user in (self.owner, self.recipient)
        assert not Transfer.objects.filter(organization=self.organization).exists()
        return ownership.organization_user == self.recipient


def play(number, other):
    """Accept as many offers while the other thing happens; yield each with what became of it."""
    offers = [Offer.make() for _ in range(number)]
    accepts, others = [offer.accept() for offer in offers], [other(offer) for offer in offers]
    for offer, answers in zip(offers, rounds(accepts, others), strict=True):
        yield offer, *answers


@pytest.mark.parametrize("number", [FEW, pytest.param(200, marks=pytest.mark.slow)])
def test_an_acceptance_beside_the_removal_of_who_accepts(number):
    def remove(offer):
        return partial(Membership.objects.get(pk=offer.recipient.pk).remove, by=offer.owner)

    for offer, accepted, removed in play(number, remove):
        if offer.is_accepted():
            assert accepted is None
            assert isinstance(removed, PrimaryOwnerStays | PermissionDenied)
        else:
            assert removed is None
            assert isinstance(accepted, PermissionDenied)


def test_an_acceptance_beside_its_revocation():
    def revoke(offer):
        return partial(Transfer.objects.get(membership=offer.recipient).revoke, by=offer.owner)

    for offer, accepted, revoked in play(FEW, revoke):
        if offer.is_accepted():
            assert accepted is None
            assert isinstance(revoked, PermissionDenied)
        else:
            assert revoked is None
            assert isinstance(accepted, Transfer.DoesNotExist)


def test_an_acceptance_beside_the_ban_of_who_offered(olivia):
    def ban(offer):
        owner = User.objects.get(pk=offer.owner.user_id)
        return partial(owner.ban, by=olivia, reason="spam")

    for offer, accepted, banned in play(FEW, ban):
        assert banned is None
        if accepted is None:
            assert offer.is_accepted()
        else:
            assert isinstance(accepted, CannotTransfer)


@pytest.mark.parametrize("by_staff", [False, True])
def test_an_acceptance_beside_the_erasure_of_who_offered(by_staff, olivia):
    for offer, accepted, erased in play(FEW, erasing("owner", olivia if by_staff else None)):
        assert accepted is None
        assert offer.is_accepted()
        assert erased is None or isinstance(erased, IntegrityError)


@pytest.mark.parametrize("by_staff", [False, True])
def test_an_acceptance_beside_the_erasure_of_who_accepts(by_staff, olivia):
    erase = erasing("recipient", olivia if by_staff else None)
    for offer, accepted, erased in play(FEW, erase):
        if offer.is_accepted():
            assert accepted is None
            assert isinstance(erased, IntegrityError)
        else:
            assert erased is None
            gone = PermissionDenied | Transfer.DoesNotExist | User.DoesNotExist
            assert isinstance(accepted, gone)


def erasing(who, by):
    """Return what erases one of the two, themselves without somebody else."""

    def erase(offer):
        person = User.objects.get(pk=getattr(offer, who).user_id)
        return partial(person.erase, by=by or person)

    return erase


def test_two_acceptances_count_once():
    for offer, first, second in play(FEW, Offer.accept):
        assert [first, second].count(None) == 1
        assert isinstance(first or second, Transfer.DoesNotExist)
        assert offer.is_accepted()


def test_an_acceptance_beside_the_deletion_of_the_organization():
    for _ in range(3):
        offer = Offer.make()
        organization = Organization.objects.get(pk=offer.organization.pk)
        accepted, deleted = at_once(offer.accept(), partial(organization.erase, by=offer.owner))
        if Organization.objects.filter(pk=organization.pk).exists():
            assert accepted is None
            assert isinstance(deleted, PermissionDenied)
        else:
            assert deleted is None
            assert isinstance(accepted, Organization.DoesNotExist)


def test_of_two_who_are_asked_at_once_one_is(acme, alice, bob, grace, membership):
    offers = [partial(Transfer.offer, membership(to), by=membership(alice)) for to in (bob, grace)]
    answers = at_once(*offers)
    assert sorted(type(answer).__name__ for answer in answers) == ["CannotTransfer", "Transfer"]
    connection.check_constraints()


def test_pages_opened_at_once_answer_all_the_same(acme, alice, bob, membership):
    Transfer.offer(membership(bob), by=membership(alice))
    accepts = [posting(browser, "/o/acme/transfer/accept/") for browser in browsers(bob, 4)]
    assert statuses(at_once(*accepts)) == {302: 1, 404: 3}
