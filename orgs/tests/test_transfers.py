"""Primary ownership is offered by who has it, and goes over to who accepts it in time."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from accounts.models import Event
from accounts.verbs import Verb
from config.cast import PASSWORD
from orgs.models import Membership, Organization, Ownership, Transfer
from orgs.roles import Role
from orgs.transfers import CannotTransfer

NEW = "/o/acme/transfer/"
ACCEPT = "/o/acme/transfer/accept/"
DECLINE = "/o/acme/transfer/decline/"
REVOKE = "/o/acme/transfer/revoke/"
HOME = "/o/acme/"


@pytest.fixture
def offer(acme, alice, bob, membership):
    """Call it to offer Acme, to Bob unless it says to whom."""

    def offer(to=bob):
        return Transfer.offer(membership(to), by=membership(alice))

    return offer


def owner_of(organization):
    connection.check_constraints()
    return Ownership.objects.get(organization=organization).organization_user.user


def roles(organization):
    return {m.user.name.split()[0]: m.role for m in organization.memberships.select_related("user")}


def told():
    """Return the newest event: verb, by whom, to whom, where."""
    event = Event.objects.first()
    return (event.verb, event.actor_id, event.subject_id, event.organization_id)


def grow_stale(browser):
    session = browser.session
    session["confirmed_at"] = 0
    session.save()


def test_an_admin_accepts_and_the_former_primary_owner_stays_an_owner(
    acme, alice, bob, membership, signed_in, mailoutbox
):
    asked = signed_in(alice).post(NEW, {"membership": membership(bob).pk})
    assert asked.url == HOME
    assert told() == (Verb.OWNERSHIP_OFFERED, alice.pk, bob.pk, acme.pk)
    assert owner_of(acme) == alice
    assert signed_in(bob).post(ACCEPT).url == HOME
    assert told() == (Verb.OWNERSHIP_TRANSFERRED, bob.pk, alice.pk, acme.pk)
    assert owner_of(acme) == bob
    assert roles(acme) == {"Alice": "owner", "Bob": "owner", "Dora": "member"}
    assert not Transfer.objects.exists()
    mails = sorted((mail.to[0], mail.subject) for mail in mailoutbox)
    assert mails == [
        ("alice@example.com", "Bob Example is the primary owner of Acme"),
        ("alice@example.com", "You asked Bob Example to take over Acme"),
        ("bob@example.com", "Alice Example asks you to take over Acme"),
        ("bob@example.com", "Bob Example is the primary owner of Acme"),
    ]


def test_powers_of_the_primary_owner_change_hands(acme, alice, bob, offer, membership):
    offer().accept(by=membership(bob))
    assert membership(bob).can("transfer_ownership")
    assert not membership(alice).can("transfer_ownership")
    assert not membership(alice).can_manage(membership(bob))
    assert membership(bob).can_manage(membership(alice))


def test_the_emails_lead_to_the_offer_and_say_how_long_it_stands(offer, mailoutbox):
    offer()
    to_recipient, to_owner = mailoutbox
    assert f"http://127.0.0.1:8000{ACCEPT}" in to_recipient.body
    assert f"http://127.0.0.1:8000{NEW}" in to_owner.body
    for mail in mailoutbox:
        assert " UTC" in mail.body
        assert mail.body.count("http") == 1


def test_a_name_cannot_add_a_header_or_a_link_to_these_emails(acme, offer, mailoutbox):
    Organization.objects.update(name="Win at https://evil.example\r\nBcc: x@y.zz")
    acme.refresh_from_db()
    offer()
    for mail in mailoutbox:
        assert "\n" not in mail.subject
        assert "https://evil" not in mail.body
        assert "evil.example" not in mail.body


@pytest.mark.parametrize("who", ["alice", "dora", "charlie"])
def test_it_is_offered_to_another_owner_or_an_admin_alone(
    who, request, acme, birch, grace, bob, alice, membership, signed_in
):
    page = signed_in(alice).get(NEW)
    offered = {m.user for m in page.context["form"].fields["membership"].queryset}
    assert offered == {bob, grace}
    other = Membership.objects.filter(user=request.getfixturevalue(who)).latest("id")
    refused = signed_in(alice).post(NEW, {"membership": other.pk})
    assert refused.status_code == 400
    assert "not one of the available choices" in refused.text
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("typed", ["", "x", "\0", "owner", "0" * 100_000])
def test_what_is_no_member_is_refused_with_a_reason(typed, acme, alice, signed_in):
    page = signed_in(alice).post(NEW, {"membership": typed})
    assert page.status_code == 400
    assert page.context["form"].errors["membership"]


def test_the_verb_itself_refuses_plain_members_and_those_who_are_locked_out(
    acme, alice, bob, dora, olivia, membership
):
    owner = membership(alice)
    bob.ban(by=olivia, reason="spam")
    for to, why in [(dora, "an admin"), (alice, "an admin"), (bob, "cannot sign in")]:
        with pytest.raises(CannotTransfer, match=why):
            Transfer.offer(membership(to), by=owner)
    gone = membership(dora)
    acme.memberships.filter(pk=gone.pk).delete()
    with pytest.raises(CannotTransfer, match="no longer a member"):
        Transfer.offer(gone, by=owner)


def test_only_the_primary_owner_offers_and_revokes(acme, alice, bob, grace, membership, offer):
    offer()
    with pytest.raises(PermissionDenied):
        Transfer.objects.get().revoke(by=membership(grace))
    with pytest.raises(PermissionDenied):
        Transfer.offer(membership(bob), by=membership(grace))
    Transfer.objects.get().revoke(by=membership(alice))
    assert told() == (Verb.OWNERSHIP_OFFER_REVOKED, alice.pk, bob.pk, acme.pk)


def test_there_is_one_offer_at_a_time_and_an_expired_one_is_replaced(
    acme, alice, bob, grace, membership, offer, signed_in
):
    offer()
    browser, form = signed_in(alice), {"membership": membership(grace).pk}
    page = browser.post(NEW, form)
    assert page.status_code == 400
    assert "It is offered to Bob Example. Take that back first." in page.text
    Transfer.objects.update(expires=timezone.now())
    assert browser.post(NEW, form).status_code == 302
    assert Transfer.objects.get().recipient == grace


def test_an_offer_stands_for_48_hours(acme, bob, membership, offer, signed_in):
    transfer = offer()
    assert timedelta(hours=47.9) < transfer.expires - timezone.now() <= timedelta(hours=48)
    Transfer.objects.update(expires=timezone.now())
    browser = signed_in(bob)
    refused = browser.post(ACCEPT)
    assert (refused.status_code, owner_of(acme).name) == (400, "Alice Example")
    assert "This offer has expired." in refused.text
    assert "You could accept until" in browser.get(ACCEPT).text
    assert browser.post(DECLINE).url == HOME


def test_declining_ends_it_and_tells_the_primary_owner(
    acme, alice, bob, offer, signed_in, mailoutbox
):
    offer()
    assert signed_in(bob).post(DECLINE).url == HOME
    assert told() == (Verb.OWNERSHIP_OFFER_DECLINED, bob.pk, alice.pk, acme.pk)
    assert not Transfer.objects.exists()
    assert owner_of(acme) == alice
    assert (mailoutbox[-1].to, mailoutbox[-1].subject) == (
        ["alice@example.com"],
        "Bob Example declined to take over Acme",
    )


def test_revoking_ends_it_and_tells_the_recipient(acme, alice, bob, offer, signed_in, mailoutbox):
    offer()
    assert signed_in(alice).post(REVOKE).url == HOME
    assert mailoutbox[-1].to == ["bob@example.com"]
    assert "nothing to do" in mailoutbox[-1].body
    assert signed_in(bob).post(ACCEPT).status_code == 404
    assert owner_of(acme) == alice
    page = signed_in(alice).post(REVOKE, follow=True)
    assert "There is no offer any more" in page.text


@pytest.mark.parametrize("path", [ACCEPT, DECLINE])
def test_an_offer_to_somebody_else_is_not_found(path, acme, grace, dora, alice, offer, signed_in):
    offer()
    for person in (grace, dora, alice):
        answer = signed_in(person).post(path)
        assert answer.status_code == 404
        assert "There is no offer to you" in answer.text
    assert Transfer.objects.exists()


def test_the_verbs_themselves_refuse_whose_offer_it_is_not(acme, grace, membership, offer):
    transfer = offer()
    for answer in (transfer.accept, transfer.decline):
        with pytest.raises(Transfer.DoesNotExist):
            answer(by=membership(grace))
    assert Transfer.objects.exists()


def test_both_sides_need_a_fresh_sign_in_and_go_on_after_it(
    acme, alice, bob, membership, signed_in
):
    for person, path, form in [(alice, NEW, {"membership": membership(bob).pk}), (bob, ACCEPT, {})]:
        browser = signed_in(person)
        grow_stale(browser)
        confirm = browser.post(path, form).url
        assert confirm.startswith("/accounts/reauthenticate/")
        assert Transfer.objects.exists() == (person == bob)
        assert owner_of(acme) == alice
        done = browser.post(confirm, {"password": PASSWORD}, follow=True)
        assert done.redirect_chain[-1][0] == HOME
    assert owner_of(acme) == bob


def test_nobody_hands_over_or_takes_over_while_acting_as_somebody_else(
    acme, alice, bob, olivia, offer, signed_in
):
    offer()
    for person, path in [(alice, NEW), (bob, ACCEPT), (bob, DECLINE)]:
        browser = signed_in(olivia)
        browser.post(f"/admin/accounts/user/{person.pk}/impersonate/", {"reason": "help"})
        assert browser.get(HOME).status_code == 200
        assert browser.post(path).status_code == 403
    assert owner_of(acme) == alice
    assert acme.transfer


def test_the_recipients_limit_of_owned_organizations_counts(acme, bob, offer, signed_in, settings):
    settings.MAX_ORGANIZATIONS_OWNED = 1
    Organization.create(name="Bobs", slug="bobs", by=bob)
    offer()
    page = signed_in(bob).post(ACCEPT)
    assert page.status_code == 400
    assert "There can be at most 1 organizations" in page.text
    assert owner_of(acme).name == "Alice Example"
    settings.MAX_ORGANIZATIONS_OWNED = 2
    assert signed_in(bob).post(ACCEPT).url == HOME


def test_an_offer_to_somebody_who_was_demoted_is_void_for_good(acme, bob, offer, signed_in):
    offer()
    acme.memberships.filter(user=bob).update(role=Role.MEMBER)
    assert signed_in(bob).post(ACCEPT).status_code == 404
    acme.memberships.filter(user=bob).update(role=Role.ADMIN)
    assert signed_in(bob).post(ACCEPT).status_code == 404
    assert owner_of(acme).name == "Alice Example"


def test_an_offer_to_an_admin_who_was_made_an_owner_stands(acme, bob, offer, signed_in):
    offer()
    acme.memberships.filter(user=bob).update(role=Role.OWNER)
    assert signed_in(bob).post(ACCEPT).url == HOME


def test_an_offer_to_somebody_who_left_is_gone(acme, bob, offer, signed_in):
    offer()
    acme.memberships.get(user=bob).delete()
    assert not Transfer.objects.exists()
    acme.add_user(bob, Role.ADMIN)
    assert signed_in(bob).post(ACCEPT).status_code == 404


def test_an_offer_is_gone_with_who_made_it_as_primary_owner(acme, bob, grace, membership, offer):
    offer()
    acme.change_owner(membership(grace))
    assert not Transfer.objects.exists()


def test_an_offer_of_somebody_who_was_banned_since_does_not_count(
    acme, alice, bob, olivia, offer, signed_in
):
    offer()
    alice.ban(by=olivia, reason="spam")
    page = signed_in(bob).post(ACCEPT)
    assert page.status_code == 400
    assert "Alice Example, who made this offer, cannot sign in any more." in page.text
    alice.unban(by=olivia)
    assert signed_in(bob).post(ACCEPT).url == HOME


def test_the_dashboard_says_so_to_the_two_of_them_alone(
    acme, alice, bob, dora, grace, offer, signed_in
):
    def shown(person):
        return signed_in(person).get(HOME).text

    for person in (alice, bob, dora, grace):
        assert "to take over" not in shown(person)
    offer()
    assert "asks you to take over Acme" in " ".join(shown(bob).split())
    assert "Take it back" in shown(alice)
    for person in (dora, grace):
        assert "to take over" not in shown(person)
    Transfer.objects.update(expires=timezone.now())
    assert "to take over" not in shown(bob)
    assert "did not answer" in shown(alice)


def test_without_anybody_to_choose_the_page_says_what_to_do(alice, signed_in):
    Organization.create(name="Alone", slug="alone", by=alice)
    page = signed_in(alice).get("/o/alone/transfer/")
    assert page.status_code == 200
    assert "Nobody can take over yet" in page.text
