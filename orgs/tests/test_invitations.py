"""Inviting, sending again, taking back: what a member with the permission does."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import Mail
from orgs.models import Invitation
from orgs.roles import Role
from orgs.tests.conftest import link_in

LIST = "/o/acme/invitations/"
NEW = "/o/acme/invitations/new/"


def send(browser, emails="erin@example.com", role="member", **more):
    """Fill in the form."""
    return browser.post(NEW, {"emails": emails, "role": role, **more})


def expire(invitation):
    invitation.expires = timezone.now() - timedelta(seconds=1)
    invitation.save()


def act(browser, invitation, action):
    return browser.post(f"{LIST}{invitation.pk}/{action}/")


@pytest.mark.parametrize("role", ["member", "admin"])
def test_an_admin_invites_members_and_admins(role, admin):
    assert send(admin, role=role).url == LIST
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role) == ("erin@example.com", role)
    assert mail.outbox[0].to == ["erin@example.com"]


def test_an_owner_invites_an_owner(owner):
    assert send(owner, role="owner").url == LIST
    assert Invitation.objects.get().role == Role.OWNER


def test_an_admin_cannot_invite_an_owner(admin):
    assert send(admin, role="owner").status_code == 403
    assert not Invitation.objects.exists()
    assert 'value="owner"' not in admin.get(NEW).text


@pytest.mark.parametrize("action", ["resend", "revoke"])
def test_an_admin_cannot_touch_an_invitation_to_own(action, admin, owner, invite):
    invitation, _ = invite(role=Role.OWNER)
    assert act(admin, invitation, action).status_code == 403
    assert f"{action}/" not in admin.get(LIST).text
    before = invitation.token_hash
    invitation.refresh_from_db()
    assert (invitation.token_hash, invitation.status) == (before, "pending")
    assert act(owner, invitation, action).status_code == 302


def test_the_table_holds_a_hash_and_only_the_mail_the_link(owner):
    send(owner)
    token = link_in(mail.outbox[0]).split("/")[2]
    assert len(token) == 43  # 256 bits in base64
    row = Invitation.objects.values().get()
    assert token not in str(row)
    for path in (LIST, "/o/acme/", NEW):
        assert token not in owner.get(path).text


def test_an_invitation_works_for_48_hours(owner, settings):
    send(owner)
    hours = (Invitation.objects.get().expires - timezone.now()) / timedelta(hours=1)
    assert 47.9 < hours < settings.INVITATION_HOURS == 48


@pytest.mark.parametrize("email", ["erin@example.com", "  ERIN@Example.COM ", "ｅrin@example.com"])
def test_one_address_is_invited_once_however_it_is_written(email, owner):
    send(owner)
    answer = send(owner, email)
    invitation = Invitation.objects.get()
    assert answer.status_code == 400
    assert "already has a pending invitation" in answer.text
    assert f"{invitation.pk}/resend/" in answer.text
    assert len(mail.outbox) == 1


def test_inviting_again_after_it_expired_renews_the_same_row(owner, admin, bob, client):
    send(owner)
    invitation, old = Invitation.objects.get(), link_in(mail.outbox[0])
    expire(invitation)
    assert send(admin, role="admin").url == LIST
    renewed = Invitation.objects.get()
    assert renewed.pk == invitation.pk
    assert (renewed.role, renewed.invited_by, renewed.is_expired) == (Role.ADMIN, bob, False)
    assert client.get(old).status_code == 404
    assert client.get(link_in(mail.outbox[1])).status_code == 200


def test_a_closed_invitation_does_not_block_a_new_one(owner, invite):
    invitation, _ = invite()
    act(owner, invitation, "revoke")
    assert send(owner).url == LIST
    assert Invitation.objects.count() == 2


def test_a_member_is_not_invited_again(owner):
    answer = send(owner, "DORA@example.com")
    assert answer.status_code == 400
    assert "This person is already a member." in answer.text
    assert not Invitation.objects.exists()


def test_a_stranger_and_somebody_with_an_account_look_the_same(owner, charlie, monkeypatch):
    moment = timezone.now()  # the same for both, also when a minute ends between them
    monkeypatch.setattr(timezone, "now", lambda: moment)
    pages = []
    for email in ("charlie@example.com", "nobody@example.com"):
        answer = send(owner, email)
        page = owner.get(LIST).text
        invitation = Invitation.objects.get()
        page = page.replace(email, "…").replace(str(invitation.pk), "…")
        pages.append((answer.status_code, answer.url, page.split("<main")[1].split("csrf")[0]))
        invitation.delete()
    assert pages[0] == pages[1]
    first, second = (m.body.replace(link_in(m), "…") for m in mail.outbox)
    assert first == second


def test_sending_again_makes_a_new_link_and_kills_the_old_one(owner, invite, client):
    invitation, old = invite()
    expire(invitation)
    assert client.get(old).status_code == 410
    act(owner, invitation, "resend")
    assert client.get(old).status_code == 404
    assert client.get(link_in(mail.outbox[-1])).status_code == 200
    assert Invitation.objects.get().pk == invitation.pk


@pytest.mark.parametrize("action", ["resend", "revoke"])
@pytest.mark.parametrize("status", ["accepted", "declined", "revoked"])
def test_a_closed_invitation_stays_closed(action, status, owner, invite):
    invitation, _ = invite()
    Invitation.objects.update(status=status, closed=timezone.now())
    before = Invitation.objects.values().get()
    answer = owner.post(f"{LIST}{invitation.pk}/{action}/", follow=True)
    assert f"This invitation was {status} in the meantime" in answer.text
    assert Invitation.objects.values().get() == before
    assert len(mail.outbox) == 1


def test_the_list_shows_how_each_one_stands(owner, invite):
    invite("sent@example.com")
    expired, _ = invite("expired@example.com")
    expire(expired)
    revoked, _ = invite("revoked@example.com")
    act(owner, revoked, "revoke")
    owner.get(LIST)  # says that it is revoked
    page = owner.get(LIST)
    states = {row["email"]: row["state"] for row in page.context["page"].rows}
    assert states == {"expired@example.com": "expired", "sent@example.com": "pending"}
    for shown in ("Expired", "Sent"):
        assert shown in page.text


def test_the_list_tells_who_invited_whom_to_which_teams(admin, bob, invite, garden, acme):
    kitchen = acme.teams.create(name="Kitchen")
    invitation, _ = invite(by=bob)
    invitation.teams.set([kitchen, garden])
    assert "Invited by Bob Example to Garden, Kitchen" in admin.get(LIST).text
    type(bob).objects.filter(pk=bob.pk).update(name="")
    assert "Invited by bob@example.com to Garden" in admin.get(LIST).text


def test_closed_ones_stay_on_record_apart_from_those_that_wait(owner, invite):
    for status in ("accepted", "declined", "revoked"):
        invitation, _ = invite(f"{status}@example.com")
        Invitation.objects.filter(pk=invitation.pk).update(status=status, closed=timezone.now())
    pending, _ = invite()
    waiting, closed = owner.get(LIST), owner.get(LIST, {"show": "closed"})
    assert [row["email"] for row in waiting.context["page"].rows] == [pending.email]
    states = [row["state"] for row in closed.context["page"].rows]
    assert states == ["revoked", "declined", "accepted"]
    assert "/resend/" in waiting.text
    assert "/resend/" not in closed.text
    assert "/revoke/" not in closed.text


@pytest.mark.parametrize("show", ["", "CLOSED", "pending", "closed'--", "\x00"])
def test_whatever_else_the_address_asks_for_shows_what_waits(show, owner, invite):
    invite()
    assert "erin@example.com" in owner.get(LIST, {"show": show}).text


def test_an_email_that_waits_goes_with_its_link(owner, invite, settings):
    """Whose server is away gets the latest invitation, or none, and never a link that is dead."""
    settings.MAIL_DELIVERY = "worker"
    owner.post(NEW, {"emails": "erin@example.com", "role": "member"})
    first = Invitation.objects.get().mail
    act(owner, Invitation.objects.get(), "resend")
    assert Mail.objects.get() == Invitation.objects.get().mail != first
    act(owner, Invitation.objects.get(), "revoke")
    assert not Mail.objects.exists()


def test_an_email_that_was_delivered_stays_on_record(owner, invite):
    invitation, _ = invite()
    act(owner, invitation, "revoke")
    assert Mail.objects.get().delivered


@pytest.mark.parametrize(("seats", "warned"), [(3, True), (4, False)])
def test_the_form_warns_where_nobody_could_join(seats, warned, owner, settings):
    settings.MAX_MEMBERS = seats
    assert ("has all of its 3 members" in owner.get(NEW).text) is warned
    assert send(owner).url == LIST


def test_an_empty_list_says_how_to_begin(owner):
    assert "No pending invitations" in owner.get(LIST).text


def test_a_page_of_the_list_costs_four_statements_however_long(
    owner, invite, django_assert_num_queries
):
    invite()
    with django_assert_num_queries(4):
        owner.get(LIST)
    Invitation.objects.bulk_create(
        Invitation(
            organization=Invitation.objects.get(email="erin@example.com").organization,
            email=f"guest-{n}@example.com",
            token_hash=f"{n:064}",
            expires=timezone.now() + timedelta(hours=1),
        )
        for n in range(60)
    )
    with django_assert_num_queries(4):
        first = owner.get(LIST)
    assert len(first.context["page"].rows) == 50
    second = owner.get(LIST + first.context["page"].next_url)
    assert second.context["page"].rows[-1]["email"] == "erin@example.com"
    Invitation.objects.update(status="revoked", closed=timezone.now())
    with django_assert_num_queries(4):
        first = owner.get(LIST, {"show": "closed"})
    assert len(first.context["page"].rows) == 50
    assert "show=closed" in first.context["page"].next_url


def test_the_form_costs_five_statements(owner, django_assert_num_queries):
    # Session, membership, the teams to choose from, whether a seat is free, the switcher.
    with django_assert_num_queries(5):
        owner.get(NEW)


def test_inviting_costs_few_statements(owner, django_assert_num_queries):
    # Session, membership, the teams to choose from; the lock, who acts, what was sent before, who
    # is a member, how many are pending; the limit of a person, email, invitation, event; two
    # for the transaction, and two to send the email after it.
    with django_assert_num_queries(17):
        owner.post(NEW, {"emails": "erin@example.com", "role": "member"})


@pytest.mark.parametrize(
    ("email", "role"),
    [
        ("", "member"),
        ("erin@example.com", ""),
        ("erin@example.com", "owner,member"),
        ("erin@example.com", "primary"),
        ("erin@example.com", "member\x00"),
        ("not an address", "member"),
        ("erin@example.com\x00", "member"),
        ("Bcc: charlie@example.com", "member"),
        ("erin@example.com charlie", "member"),
        ("e" * 250 + "@example.com", "member"),
        ("e" * 1_000_000 + "@example.com", "member"),
        ("e\u0301\u0323" * 200_000, "member"),
        ('"e\x01rin"@example.com', "member"),
    ],
)
def test_a_bad_address_or_role_is_refused_with_a_reason(email, role, owner):
    answer = send(owner, email, role)
    assert answer.status_code == 400
    assert "_error" in answer.text
    assert not Invitation.objects.exists()
    assert not mail.outbox


def test_nothing_can_be_slipped_in_beside_the_form(owner, acme, birch, alice, charlie):
    forged = {
        "organization": birch.pk,
        "invited_by": charlie.pk,
        "invitee": charlie.pk,
        "user": charlie.pk,
        "expires": "2099-01-01",
        "status": "accepted",
        "closed": "2026-01-01",
        "token_hash": "0" * 64,
    }
    send(owner, **forged)
    invitation = Invitation.objects.get()
    assert (invitation.organization, invitation.invited_by) == (acme, alice)
    assert (invitation.status, invitation.invitee, invitation.closed) == ("pending", None, None)
    assert invitation.token_hash != "0" * 64
    assert invitation.expires < timezone.now() + timedelta(hours=49)


def test_sending_the_form_twice_makes_one_invitation_and_one_mail(owner):
    assert send(owner).status_code == 302
    assert send(owner).status_code == 400
    assert Invitation.objects.count() == 1
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("status", "is_closed"),
    [("pending", True), ("accepted", False), ("revoked", False), ("expired", True)],
)
def test_an_invitation_is_closed_exactly_when_its_status_says_so(status, is_closed, invite):
    invite()
    closed = timezone.now() if is_closed else None
    with pytest.raises(IntegrityError, match="invitation_status"):
        Invitation.objects.update(status=status, closed=closed)
