"""An owner of the platform puts somebody in the place of a primary owner who is out of use."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import Event, User
from accounts.roles import PlatformRole
from accounts.verbs import Verb
from config.tests.admin_pages import url
from orgs.models import Organization, Ownership, Transfer
from orgs.roles import Role
from orgs.transfers import assign


@pytest.fixture
def page(acme):
    return f"/admin/orgs/ownership/{acme.owner.pk}/assign/"


def form(email="dora@example.com", reason="Alice lost her mailbox"):
    return {"email": email, "reason": reason}


def owner_of(organization):
    connection.check_constraints()
    return Ownership.objects.get(organization=organization).organization_user


def test_any_member_can_take_the_place_and_both_are_told(
    acme, alice, dora, olivia, operator, page, mailoutbox
):
    alice.ban(by=olivia, reason="spam")
    assert page in operator.get(url(Organization, "change", acme.pk)).text
    assert "who is banned" in operator.get(page).text
    answer = operator.post(page, form())
    assert answer.url == url(Organization, "change", acme.pk)
    owner = owner_of(acme)
    assert (owner.user, owner.role) == (dora, Role.OWNER)
    assert acme.memberships.get(user=alice).role == Role.OWNER
    event = Event.objects.first()
    assert (event.verb, event.actor_id, event.subject_id, event.organization_id) == (
        Verb.OWNER_ASSIGNED,
        olivia.pk,
        dora.pk,
        acme.pk,
    )
    assert event.data == {"personal": {"reason": "Alice lost her mailbox"}}
    assert {(mail.to[0], mail.subject) for mail in mailoutbox} == {
        ("alice@example.com", "Dora Example is the primary owner of Acme"),
        ("dora@example.com", "Dora Example is the primary owner of Acme"),
    }


def test_the_page_says_that_an_account_is_in_use(acme, alice, operator, page):
    assert "whose account is in use" in operator.get(page).text
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert "whose account is switched off" in operator.get(page).text


@pytest.mark.parametrize("role", [PlatformRole.ADMIN, PlatformRole.STAFF, PlatformRole.USER])
def test_nobody_below_a_platform_owner_assigns(role, acme, charlie, membership, dora, page, client):
    User.objects.filter(pk=charlie.pk).update(role=role)
    charlie.refresh_from_db()
    client.force_login(charlie)
    for answer in (client.get(page), client.post(page, form())):
        assert answer.status_code in (302, 403)
    assert page not in client.get(url(Organization, "change", acme.pk)).text
    with pytest.raises(PermissionDenied):
        assign(membership(dora), by=charlie, reason="x")
    assert owner_of(acme).user.name == "Alice Example"


def test_it_needs_a_fresh_sign_in(acme, operator, page):
    session = operator.session
    session["confirmed_at"] = 0
    session.save()
    assert operator.post(page, form()).url.startswith("/accounts/reauthenticate/")
    assert owner_of(acme).user.name == "Alice Example"


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (form("charlie@example.com"), "Nobody with this address is a member of Acme."),
        (form("nobody@example.com"), "Nobody with this address is a member of Acme."),
        (form("x\0@example.com"), "Null characters"),
        (form("alice@example.com"), "Alice Example is the primary owner."),
        (form("bob@example.com"), "Bob Example cannot sign in at the moment."),
        (form(reason=""), "This field is required."),
        (form(reason="x" * 501), "at most 500 characters"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    sent, why, acme, bob, olivia, charlie, operator, page
):
    bob.ban(by=olivia, reason="spam")
    answer = operator.post(page, sent)
    assert why in answer.text
    assert owner_of(acme).user.name == "Alice Example"


def test_a_pending_offer_is_gone(acme, alice, bob, dora, olivia, membership):
    Transfer.offer(membership(bob), by=membership(alice))
    assign(membership(dora), by=olivia, reason="lost")
    assert not Transfer.objects.exists()


def test_a_platform_owner_who_was_banned_since_assigns_nobody(acme, dora, olivia, membership):
    User.objects.create_superuser("second@example.com")  # the platform keeps an owner
    User.objects.filter(pk=olivia.pk).update(banned_at=timezone.now())
    with pytest.raises(PermissionDenied):
        assign(membership(dora), by=olivia, reason="lost")


def test_somebody_who_left_meanwhile_is_not_made_it(acme, dora, olivia, membership):
    gone = membership(dora)
    acme.memberships.filter(pk=gone.pk).delete()
    with pytest.raises(ValidationError, match="no longer a member"):
        assign(gone, by=olivia, reason="lost")


def test_offers_are_listed_in_the_admin_and_only_to_look_at(
    acme, alice, bob, membership, operator, django_assert_num_queries
):
    transfer = Transfer.offer(membership(bob), by=membership(alice))
    with django_assert_num_queries(3):  # session, count, rows
        assert "Bob Example" in operator.get(url(Transfer, "changelist")).text
    assert operator.get(url(Transfer, "change", transfer.pk)).status_code == 200
    for action in ("change", "delete"):
        assert operator.post(url(Transfer, action, transfer.pk), {"post": "yes"}).status_code == 403
    assert Transfer.objects.exists()
