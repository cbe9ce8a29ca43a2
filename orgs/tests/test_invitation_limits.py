"""How many invitations may be pending, and how often they go to an address, or from a person."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from accounts.models import Attempt
from orgs.models import Invitation, Organization
from orgs.refusals import TooManyInvitations, TooManyMails
from orgs.roles import Role

NEW = "/o/acme/invitations/new/"
LIST = "/o/acme/invitations/"


def send(browser, *emails):
    return browser.post(NEW, {"emails": "\n".join(emails), "role": "member"})


def resend(browser):
    return browser.post(f"{LIST}{Invitation.objects.pending().get().pk}/resend/")


def let_pass(**time):
    """Make every email older, as if the time had passed."""
    for attempt in Attempt.objects.all():
        attempt.times = [sent - timedelta(**time) for sent in attempt.times]
        attempt.save()


def test_an_invitation_is_sent_again_five_times_a_day(owner, admin):
    send(owner, "erin@example.com")
    for browser in (owner, owner, admin, admin, admin):
        assert resend(browser).status_code == 302
    before = Invitation.objects.values().get()
    answer = resend(owner)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 86_000
    assert "invited 5 times within a day. Try again in 24 hours." in answer.text
    assert Invitation.objects.values().get() == before
    assert len(mail.outbox) == 6
    let_pass(hours=24)
    assert resend(owner).status_code == 302


def test_revoking_and_inviting_anew_is_sending_again(owner):
    for _ in range(6):
        assert send(owner, "erin@example.com").status_code == 302
        owner.post(f"{LIST}{Invitation.objects.pending().get().pk}/revoke/")
    answer = send(owner, "Erin@example.com")
    assert answer.status_code == 429
    assert "invited 5 times within a day" in answer.text
    assert "Erin@example.com" in answer.context["form"]["emails"].value()
    assert len(mail.outbox) == Invitation.objects.count() == 6
    assert send(owner, "fay@example.com").status_code == 302


def test_nor_does_an_expired_one_get_around_it(owner):
    for _ in range(6):
        assert send(owner, "erin@example.com").status_code == 302
        Invitation.objects.update(expires=timezone.now())
    assert send(owner, "erin@example.com").status_code == 429


def test_another_organization_may_still_invite_the_address(owner, birch, charlie):
    test_nor_does_an_expired_one_get_around_it(owner)
    by = birch.memberships.get(user=charlie)
    assert birch.invite("erin@example.com", Role.MEMBER, by=by)


def test_making_and_deleting_organizations_is_no_way_around_it(alice):
    for n in range(6):
        organization = Organization.create(name="Spam", slug=f"spam-{n}", by=alice)
        by = organization.memberships.get(user=alice)
        if n == 5:
            with pytest.raises(TooManyMails, match="invited 5 times within a day"):
                organization.invite("erin@example.com", Role.MEMBER, by=by)
        else:
            organization.invite("erin@example.com", Role.MEMBER, by=by)
            organization.erase(by=by)
    assert sum(message.to == ["erin@example.com"] for message in mail.outbox) == 5


def test_one_person_sends_so_many_whatever_they_are_to(owner, admin, birch, alice, settings):
    settings.INVITATION_RATE = (3, 3600)
    birch.memberships.filter(user=alice).update(role=Role.ADMIN)
    assert send(owner, "erin@example.com", "fay@example.com").status_code == 302
    birch.invite("gus@example.com", Role.MEMBER, by=birch.memberships.get(user=alice))
    answer = send(owner, "hal@example.com")
    assert answer.status_code == 429
    assert "as many invitations as one person may. Try again in 60 minutes." in answer.text
    assert owner.post(f"{LIST}{Invitation.objects.last().pk}/resend/").status_code == 429
    assert len(mail.outbox) == 3
    assert send(admin, "hal@example.com").status_code == 302


def test_of_many_so_many_are_invited_as_the_person_has_left(owner, settings):
    settings.INVITATION_RATE = (3, 3600)
    emails = [f"guest-{n}@example.com" for n in range(5)]
    answer = send(owner, *emails)
    assert answer.status_code == 200
    assert answer.context["form"]["emails"].value().splitlines() == emails[3:]
    assert len(mail.outbox) == 3
    assert send(owner, *emails[3:]).status_code == 429


def test_what_is_refused_or_rolled_back_does_not_count(
    owner, acme, alice, dora, membership, settings
):
    settings.INVITATION_RATE = (2, 3600)
    send(owner, "erin@example.com")
    send(owner, "erin@example.com", "dora@example.com", "nonsense")
    with transaction.atomic():
        acme.invite("fay@example.com", Role.MEMBER, by=membership(alice))
        transaction.set_rollback(True)
    assert send(owner, "fay@example.com").status_code == 302


def test_pending_ones_are_limited_expired_ones_too(acme, alice, membership, settings):
    settings.MAX_INVITATIONS = 2
    by = membership(alice)
    first, _ = (acme.invite(f"{n}@example.com", Role.MEMBER, by=by) for n in "ab")
    Invitation.objects.update(expires=timezone.now())
    with pytest.raises(TooManyInvitations, match="at most 2 pending invitations"):
        acme.invite("c@example.com", Role.MEMBER, by=by)
    acme.invite("a@example.com", Role.MEMBER, by=by)  # which is there already
    Invitation.objects.get(pk=first.pk).revoke(by=by)
    acme.invite("c@example.com", Role.MEMBER, by=by)
    assert Invitation.objects.pending().count() == 2
