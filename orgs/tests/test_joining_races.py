"""Answering an invitation at the moment when something else happens to it: one of the two counts.

Each call has a connection of its own; what they raise beside a refusal would be a page that fails.
"""

from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone

from accounts.models import User
from config import cast
from config.tests.at_once import at_once
from orgs.invitations import CannotAnswer, InvitationClosed, Obstacle
from orgs.models import Invitation, Membership, Organization, TeamMembership
from orgs.roles import Role

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ROUNDS = 20  # 200 take minutes: raise it by hand after a change of locks
FEW = 10  # for what takes a new organization or a new person each time

numbers = count()


def waiting(organization, inviter, *people):
    """Return an invitation for each of the people, of which nobody is mailed."""
    return Invitation.objects.bulk_create(
        Invitation(
            organization=organization,
            email=person.email,
            invited_by=inviter,
            token_hash=f"{next(numbers)}",
            expires=timezone.now() + timedelta(hours=1),
        )
        for person in people
    )


def again(invitation):
    """Return the invitation as another request reads it."""
    return Invitation.objects.select_related("organization").get(pk=invitation.pk)


def accepting(invitation, person):
    return partial(again(invitation).accept, by=person)


def in_turns(number, *calls):
    """Call them at once, in each round another one first; return the answers as they were asked."""
    turned = number % 2
    answers = at_once(*(calls[::-1] if turned else calls))
    return answers[::-1] if turned else answers


def refused_because(answer):
    return answer.obstacle if isinstance(answer, CannotAnswer) else None


@pytest.fixture
def erin(db):
    return cast.person("erin")


@pytest.mark.parametrize("other", ["revoke", "decline"])
def test_an_invitation_is_accepted_or_closed_and_never_both(other, acme, alice, erin, membership):
    by = {"revoke": membership(alice), "decline": erin}[other]
    for number in range(ROUNDS):
        [invitation] = waiting(acme, alice, erin)
        closing = partial(getattr(again(invitation), other), by=by)
        accepted, closed = in_turns(number, accepting(invitation, erin), closing)
        joined, _ = acme.memberships.filter(user=erin).delete()
        if joined:
            assert isinstance(accepted, Membership)
            assert isinstance(closed, InvitationClosed | CannotAnswer)
        else:
            assert (refused_because(accepted), closed) == (f"{other}d", None)
        assert again(invitation).status == ("accepted" if joined else f"{other}d")


def test_of_eight_people_three_take_the_three_seats(acme, alice, settings):
    people = [cast.person(f"guest{number}") for number in range(8)]
    settings.MAX_MEMBERS = acme.memberships.count() + 3
    for _ in range(ROUNDS):
        invitations = waiting(acme, alice, *people)
        answers = at_once(*map(accepting, invitations, people))
        assert sum(isinstance(answer, Membership) for answer in answers) == 3
        assert [refused_because(answer) for answer in answers].count(Obstacle.FULL) == 5
        assert acme.invitations.pending().count() == 5
        assert acme.memberships.filter(user__in=people).delete()[0] == 3
        acme.invitations.all().delete()


def test_whose_inviter_is_removed_joins_before_that_or_not_at_all(
    acme, alice, bob, erin, membership
):
    for number in range(ROUNDS):
        [invitation] = waiting(acme, bob, erin)
        removing = partial(membership(bob).remove, by=membership(alice))
        accepted, removed = in_turns(number, accepting(invitation, erin), removing)
        assert removed is None
        if not isinstance(accepted, Membership):
            assert refused_because(accepted) == Obstacle.WITHDRAWN
        joined, _ = acme.memberships.filter(user=erin).delete()
        assert joined == isinstance(accepted, Membership)
        acme.invitations.all().delete()
        acme.add_user(bob, Role.ADMIN)


def test_whoever_accepts_while_a_team_goes_joins_the_others(acme, alice, erin, membership):
    shed = acme.teams.create(name="Shed")
    for number in range(ROUNDS):
        [invitation], garden = waiting(acme, alice, erin), acme.teams.create(name="Garden")
        invitation.teams.set([garden, shed])
        erasing = partial(acme.teams.get(pk=garden.pk).erase, by=membership(alice))
        accepted, erased = in_turns(number, accepting(invitation, erin), erasing)
        assert (type(accepted), erased) == (Membership, None)
        [place] = TeamMembership.objects.filter(membership=accepted)
        assert place.team == shed
        accepted.delete()


def test_whoever_accepts_while_the_organization_goes_is_in_nothing(charlie, erin):
    for number in range(FEW):
        birch = Organization.create(name="Birch", slug=f"birch-{number}", by=charlie)
        [invitation] = waiting(birch, charlie, erin)
        erasing = partial(birch.erase, by=birch.memberships.get())
        accepted, erased = in_turns(number, accepting(invitation, erin), erasing)
        assert isinstance(accepted, Membership | Organization.DoesNotExist)
        assert erased is None
        assert not Membership.objects.exists()


def test_whoever_deletes_their_account_while_they_accept_is_gone_without_an_error(acme, alice):
    for number in range(FEW):
        guest = cast.person(f"guest{number}")
        [invitation] = waiting(acme, alice, guest)
        erasing = partial(User.objects.get(pk=guest.pk).erase, by=guest)
        accepted, erased = in_turns(number, accepting(invitation, guest), erasing)
        assert erased is None
        assert isinstance(accepted, Membership | ObjectDoesNotExist)
        assert not acme.memberships.filter(user=guest.pk).exists()


def test_an_inviter_who_deletes_their_account_stops_nobody_halfway(acme, alice):
    for number in range(FEW):
        inviter, guest = cast.person(f"inviter{number}"), cast.person(f"guest{number}")
        acme.add_user(inviter, Role.ADMIN)
        [invitation] = waiting(acme, inviter, guest)
        erasing = partial(User.objects.get(pk=inviter.pk).erase, by=inviter)
        accepted, erased = in_turns(number, accepting(invitation, guest), erasing)
        assert erased is None
        if not isinstance(accepted, Membership):
            assert refused_because(accepted) == Obstacle.WITHDRAWN
        joined, _ = acme.memberships.filter(user=guest).delete()
        assert joined == isinstance(accepted, Membership)
