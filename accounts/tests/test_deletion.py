"""A person deletes their own account."""

from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection
from django.test import Client

from accounts.models import Avatar, Event, Session, User
from accounts.verbs import Verb
from config.tests.admin_pages import url
from config.tests.at_once import at_once
from orgs.models import Invitation, Membership, Organization, Transfer
from orgs.roles import Role
from waitlist.models import Entry

pytestmark = pytest.mark.django_db

PAGE = "/account/data/erasure/"
LEADING_ON = [
    f"/o/{slug}/{to}/" for slug in ("acme", "alone") for to in ("transfer", "settings/delete")
]


def erase(client, email="bob@example.com"):
    return client.post("/account/data/erase/", {"email": email})


@pytest.fixture
def bob_signed_in(client, bob):
    client.force_login(bob)
    return client


def test_a_person_deletes_their_account_with_everything_that_is_theirs(
    acme, bob, bob_signed_in, mailoutbox
):
    bob.change_avatar(b"picture")
    Client().force_login(bob)
    response = erase(bob_signed_in, " Bob@Example.COM ")
    assert response.headers["Location"] == "/account/erased/"
    assert "Clear-Site-Data" in response.headers
    assert not User.objects.filter(pk=bob.pk).exists()
    assert not Session.objects.filter(user__isnull=False).exists()
    assert not Avatar.objects.exists()
    assert not Membership.objects.filter(user=bob.pk).exists()
    assert "Your account is deleted" in bob_signed_in.get("/account/erased/").text
    assert bob_signed_in.get("/account/").headers["Location"].startswith("/accounts/login/")
    [mail] = mailoutbox
    subject = f"Your {settings.SITE_NAME} account is deleted"
    assert (mail.to, mail.subject) == (["bob@example.com"], subject)


def test_the_event_stays_without_the_person(bob, bob_signed_in):
    erase(bob_signed_in)
    event = Event.objects.get(verb=Verb.ACCOUNT_DELETED)
    assert (event.actor_id, event.ip) == (bob.pk, None)


@pytest.mark.parametrize("typed", ["", "bob", "alice@example.com", "bob@example.com\0"])
def test_without_the_own_address_nothing_is_deleted(bob_signed_in, typed):
    page = erase(bob_signed_in, typed)
    assert page.context["form"].errors.keys() == {"email"}
    assert User.objects.exists()


def test_deleting_takes_a_post_and_a_fresh_sign_in(bob_signed_in, bob):
    assert bob_signed_in.get("/account/data/erase/").headers["Location"] == PAGE
    session = bob_signed_in.session
    session["confirmed_at"] = 0
    session.save()
    assert erase(bob_signed_in).headers["Location"].startswith("/accounts/reauthenticate/")
    assert User.objects.get() == bob
    assert erase(Client()).status_code == 302
    assert User.objects.get() == bob


def test_the_page_tells_a_primary_owner_what_to_hand_over(
    client, acme, alice, django_assert_max_num_queries
):
    for number in range(3):
        Organization.create(name=f"Other {number}", slug=f"other-{number}", by=alice)
    client.force_login(alice)
    with django_assert_max_num_queries(10):
        page = client.get(PAGE).text
    assert '<a class="list-main" href="/o/acme/">Alice Example owns Acme</a>' in page
    assert page.count('">Alice Example owns') == 4
    assert "Delete my account for good" not in page


def test_the_page_leads_to_a_transfer_or_without_other_members_to_a_deletion(client, acme, alice):
    Organization.create(name="Alone", slug="alone", by=alice)
    client.force_login(alice)
    page = client.get(PAGE).text
    offered = [path for path in LEADING_ON if f'href="{path}"' in page]
    assert offered == [*LEADING_ON[:2], LEADING_ON[3]]
    for path in offered:
        assert client.get(path).status_code == 200


def test_after_a_transfer_the_account_can_be_deleted(client, acme, alice, bob):
    theirs = {member.user: member for member in acme.memberships.select_related("user")}
    Transfer.offer(theirs[bob], by=theirs[alice]).accept(by=theirs[bob])
    client.force_login(alice)
    assert "Delete my account for good" in client.get(PAGE).text
    assert erase(client, "alice@example.com").headers["Location"] == "/account/erased/"


@pytest.mark.parametrize("many", [False, True])
def test_platform_staff_delete_no_primary_owner(many, operator, acme, alice, bob):
    if many:
        form = {"action": "delete_selected", "_selected_action": alice.pk, "post": "yes"}
        answer = operator.post(url(User, "changelist"), form)
    else:
        answer = operator.post(url(User, "delete", alice.pk), {"post": "yes"})
    assert answer.status_code < 500
    assert User.objects.filter(pk=alice.pk).exists()
    operator.post(url(User, "delete", bob.pk), {"post": "yes"})
    assert not User.objects.filter(pk=bob.pk).exists()


def test_a_primary_owner_stays_whatever_is_posted(client, acme, alice):
    client.force_login(alice)
    page = erase(client, "alice@example.com")
    assert "Your account cannot be deleted yet" in page.text
    assert User.objects.filter(pk=alice.pk).exists()
    assert not Event.objects.filter(verb=Verb.ACCOUNT_DELETED).exists()
    assert client.get("/account/").status_code == 200


def test_the_last_platform_owner_stays_and_reads_why(operator, olivia):
    page = erase(operator, "olivia@example.com")
    assert "the platform’s last owner" in page.text
    assert User.objects.get() == olivia
    assert operator.get("/account/").status_code == 200


def test_invitations_of_a_deleted_person_no_longer_work(acme, bob, dora, bob_signed_in):
    invitation = acme.invite("dora@example.org", Role.MEMBER, by=bob.memberships.get())
    erase(bob_signed_in)
    invitation = Invitation.objects.get(pk=invitation.pk)
    assert invitation.invited_by is None
    assert invitation.obstacle(dora) == "withdrawn"


def test_no_invitation_and_no_place_on_the_waitlist_is_kept_for_a_deleted_person(
    birch, charlie, bob
):
    by = birch.memberships.get(user=charlie)
    EmailAddress.objects.create(user=bob, email="second@example.com", verified=True)
    birch.invite("second@example.com", Role.MEMBER, by=by).accept(by=bob)
    birch.memberships.get(user=bob).delete()
    birch.invite("bob@example.com", Role.MEMBER, by=by)
    birch.invite("dora@example.com", Role.MEMBER, by=by)
    for email in ("bob@example.com", "dora@example.com"):
        Entry.join(email)
    bob.erase(by=bob)
    for table in (Invitation, Entry):
        assert [row.email for row in table.objects.all()] == ["dora@example.com"]


@pytest.mark.parametrize("accepted", [True, False])
def test_who_was_invited_into_a_team_can_delete_their_account(accepted, birch, charlie, bob):
    by, team = birch.memberships.get(user=charlie), birch.teams.create(name="Garden")
    invitation = birch.invite("bob@example.com", Role.MEMBER, by=by, teams=[team.pk])
    if accepted:
        invitation.accept(by=bob)
    bob.erase(by=bob)
    connection.check_constraints()
    assert not Invitation.objects.exists()


def test_what_keeps_them_at_the_last_moment_is_said(bob, bob_signed_in, monkeypatch):
    """A refusal of the commit comes after Django has taken the person for deleted."""

    def refuse(email):
        raise IntegrityError

    monkeypatch.setattr("accounts.emails.erased", refuse)
    page = erase(bob_signed_in)
    assert page.status_code == 200
    assert "Your account cannot be deleted yet" in page.text
    assert User.objects.filter(pk=bob.pk).exists()


def test_others_delete_only_whom_they_may_handle(bob, charlie, olivia):
    with pytest.raises(PermissionDenied):
        bob.erase(by=charlie)
    bob.erase(by=olivia)
    assert not User.objects.filter(email="bob@example.com").exists()


@pytest.mark.django_db(transaction=True)
def test_who_becomes_primary_owner_at_that_moment_stays(acme, alice, bob):
    """Whichever comes first, Acme has an owner and Bob is there if it is him."""

    def hand_over():
        acme.owner.organization_user = bob.memberships.get()
        Membership.objects.filter(user=bob).update(role=Role.OWNER)
        acme.owner.save()

    at_once(partial(User.objects.get(pk=bob.pk).erase, by=bob), hand_over)
    owner = Organization.objects.get().owner.organization_user.user
    assert owner in (alice, bob)
