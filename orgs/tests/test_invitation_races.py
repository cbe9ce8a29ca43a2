"""Many who invite, send again and revoke at the same moment, round after round."""

from functools import partial

import pytest

from accounts.models import Event, Mail
from config.tests.at_once import at_once
from orgs.models import Invitation, Membership
from orgs.refusals import AlreadyInvited, InvitationClosed
from orgs.roles import Role

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ROUNDS = 100


@pytest.fixture(autouse=True)
def unlimited(settings):
    settings.INVITATION_RATE = (10**6, 3600)
    settings.MAX_INVITATIONS = 10**6
    settings.MAIL_DELIVERY = "worker"  # the emails stay in their table, to be counted


@pytest.fixture
def owner(acme, alice):
    return Membership.objects.get(organization=acme, user=alice)


@pytest.fixture
def admin(acme, bob):
    return Membership.objects.get(organization=acme, user=bob)


def test_of_two_who_invite_the_same_people_one_gets_each(acme, owner, admin):
    for n in range(ROUNDS):
        emails = [f"{name}-{n}@example.com" for name in ("ann", "bea", "cyn")]
        many, one, backwards = at_once(
            partial(acme.invite_all, emails, Role.MEMBER, by=owner),
            partial(acme.invite, emails[1], Role.MEMBER, by=admin),
            partial(acme.invite_all, emails[::-1], Role.MEMBER, by=admin),
        )
        for email in emails:
            answers = [many[email], backwards[email], *([one] if email == emails[1] else [])]
            kinds = [type(answer) for answer in answers]
            assert kinds.count(Invitation) == 1
            assert kinds.count(AlreadyInvited) == len(kinds) - 1
    assert Invitation.objects.count() == Mail.objects.count() == 3 * ROUNDS
    assert Event.objects.filter(subject_kind="invitation").count() == 3 * ROUNDS


def test_what_is_revoked_while_it_is_sent_again_is_revoked_and_sends_nothing(acme, owner, admin):
    for n in range(ROUNDS):
        invitation = acme.invite(f"guest-{n}@example.com", Role.MEMBER, by=owner)
        same = Invitation.objects.get(pk=invitation.pk)
        sent, revoked = at_once(partial(invitation.renew, by=owner), partial(same.revoke, by=admin))
        assert revoked is None
        assert sent is None or isinstance(sent, InvitationClosed)
    assert not Invitation.objects.pending().exists()
    assert not Mail.objects.exists()
