"""The admin's pages of orgs: no way to lose an owner, nothing to forge."""

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection

from accounts.models import Event, User
from accounts.verbs import Verb
from config.tests.admin_pages import url
from orgs.invitations import InvitationStatus
from orgs.models import Invitation, Membership, Organization, Ownership, Team, TeamMembership
from orgs.roles import Role

MODELS = [Organization, Membership, Ownership, Invitation, Team, TeamMembership]
PROTECTED = "these rows need what would go"


@pytest.fixture
def invitation(invite):
    return invite()[0]


def test_search_finds_by_the_beginning_of_an_address(operator, acme):
    text = operator.get(url(Membership, "changelist"), {"q": "dora"}).text
    assert "Dora Example" in text
    assert "Bob Example" not in text


@pytest.mark.parametrize(
    ("state", "shown"), [("pending", True), ("expired", False), ("odd", False)]
)
def test_invitations_are_filtered_by_state(state, shown, operator, invitation):
    text = operator.get(url(Invitation, "changelist"), {"state": state}).text
    assert ("erin@example.com" in text) is shown


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_added(model, operator, acme):
    assert operator.get(url(model, "add")).status_code == 403
    assert operator.post(url(model, "add"), {"name": "X", "slug": "xxx"}).status_code == 403


def test_neither_the_link_nor_its_hash_is_shown_anywhere(operator, invite):
    invitation, link = invite()
    token = link.split("/")[2]
    for path in (url(Invitation, "changelist"), url(Invitation, "change", invitation.pk)):
        text = operator.get(path).text
        assert "erin@example.com" in text
        assert invitation.token_hash not in text
        assert token not in text


def test_an_invitation_is_shown_with_its_teams_and_its_line(operator, invitation, garden):
    invitation.teams.add(garden)
    Invitation.objects.update(message="Hi!")
    text = operator.get(url(Invitation, "change", invitation.pk)).text
    assert "Garden" in text
    assert "Hi!" in text


def test_deleting_the_primary_owners_membership_is_refused_with_a_reason(
    operator, alice, membership
):
    path = url(Membership, "delete", membership(alice).pk)
    assert PROTECTED in operator.get(path).text
    assert PROTECTED in operator.post(path, {"post": "yes"}).text
    assert membership(alice)


def test_deleting_all_memberships_at_once_is_refused_with_a_reason(operator, acme):
    ids = [str(pk) for pk in Membership.objects.values_list("pk", flat=True)]
    action = {"action": "delete_selected", "_selected_action": ids}
    assert PROTECTED in operator.post(url(Membership, "changelist"), action).text
    answer = operator.post(url(Membership, "changelist"), action | {"post": "yes"})
    assert answer.status_code == 200
    assert acme.memberships.count() == 3


@pytest.mark.parametrize("many", [False, True])
def test_who_is_removed_by_staff_is_told_and_comes_back_by_no_invitation(
    many, operator, olivia, acme, dora, membership, invite, mailoutbox
):
    EmailAddress.objects.create(user=dora, email="dora@home.example", verified=True)
    invitation, _ = invite("dora@home.example")
    pk = str(membership(dora).pk)
    if many:
        action = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
        operator.post(url(Membership, "changelist"), action)
    else:
        operator.post(url(Membership, "delete", pk), {"post": "yes"})
    assert not acme.memberships.filter(user=dora).exists()
    mail = mailoutbox[-1]
    assert (mail.to, mail.subject) == (["dora@example.com"], "You are no longer a member of Acme")
    assert f"the people who run {settings.SITE_NAME} removed you" in mail.body
    invitation.refresh_from_db()
    assert invitation.status == InvitationStatus.REVOKED
    event = Event.objects.filter(verb=Verb.INVITATION_REVOKED).get()
    assert (event.actor_id, event.organization_id) == (olivia.pk, acme.pk)


def test_deleting_a_person_who_owns_an_organization_is_refused_with_a_reason(operator, acme, alice):
    path = url(User, "delete", alice.pk)
    refused = operator.get(path).text
    assert PROTECTED in refused
    leads_to = url(Ownership, "change", acme.owner.pk)
    assert f'href="{leads_to}"' in refused
    assert f"/admin/orgs/ownership/{acme.owner.pk}/assign/" in operator.get(leads_to).text
    assert PROTECTED in operator.post(path, {"post": "yes"}).text
    action = {"action": "delete_selected", "_selected_action": [str(alice.pk)]}
    answer = operator.post(url(User, "changelist"), action | {"post": "yes"})
    assert PROTECTED in answer.text
    assert User.objects.filter(pk=alice.pk).exists()


@pytest.mark.parametrize("many", [False, True])
def test_an_organization_can_be_deleted_with_all_of_it(
    many, operator, invitation, garden, mailoutbox
):
    pk = str(invitation.organization_id)
    if many:
        action = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
        answer = operator.post(url(Organization, "changelist"), action)
    else:
        answer = operator.post(url(Organization, "delete", pk), {"post": "yes"})
    assert answer.status_code == 302
    connection.check_constraints()
    assert not any(model.objects.exists() for model in MODELS)
    told = [email for email in mailoutbox if email.subject == "Acme is deleted"]
    assert {email.to[0].partition("@")[0] for email in told} == {"alice", "bob", "dora", "frank"}
    assert f"The people who run {settings.SITE_NAME} deleted the organization Acme." in told[0].body


@pytest.mark.parametrize("many", [False, True])
def test_the_page_before_counts_what_goes_and_lists_none_of_it(
    many, operator, garden, acme, django_assert_max_num_queries
):
    for n in range(20):
        acme.add_user(User.objects.create_user(f"person-{n}@example.com"))
    with django_assert_max_num_queries(14):
        if many:
            action = {"action": "delete_selected", "_selected_action": [str(acme.pk)]}
            text = operator.post(url(Organization, "changelist"), action).text
        else:
            text = operator.get(url(Organization, "delete", acme.pk)).text
    assert "Memberships: 24" in text
    assert "Team memberships: 2" in text
    assert "Invitations" not in text.partition("Deleted, too")[2].partition("<form")[0]
    assert "person-1@example.com" not in text


def test_logo_and_metadata_are_to_look_at(operator, acme, alice, membership):
    acme.change_logo(b"logo", by=membership(alice))
    acme.edit(by=membership(alice), metadata={"customer": 4711})
    text = operator.get(url(Organization, "change", acme.pk)).text
    assert f"/avatars/{acme.logo_id}.webp" in text
    assert "4711" in text


def test_an_ownership_is_neither_changed_nor_deleted_by_itself(operator, acme):
    pk = str(acme.owner.pk)
    assert operator.post(url(Ownership, "delete", pk), {"post": "yes"}).status_code == 403
    assert operator.post(url(Ownership, "change", pk), {}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
    operator.post(url(Ownership, "changelist"), action)
    assert Ownership.objects.filter(pk=pk).exists()


def test_the_primary_owner_keeps_the_role(operator, alice, bob, membership):
    path = url(Membership, "change", membership(alice).pk)
    answer = operator.post(path, {"role": "member"})
    assert answer.status_code == 200
    assert "keeps the role of owner" in answer.text
    assert membership(alice).role == Role.OWNER
    operator.post(url(Membership, "change", membership(bob).pk), {"role": "member"})
    assert membership(bob).role == Role.MEMBER


@pytest.mark.parametrize(
    "forged",
    [{"organization": "birch"}, {"user": "charlie"}, {"role": "owner,member"}, {"role": ""}],
)
def test_a_membership_stays_where_it_is(forged, operator, bob, birch, charlie, membership):
    ids = {"birch": birch.pk, "charlie": charlie.pk}
    forged = {field: ids.get(value, value) for field, value in forged.items()}
    answer = operator.post(
        url(Membership, "change", membership(bob).pk), {"role": "admin", **forged}
    )
    assert answer.status_code in (200, 302)
    assert membership(bob).role == Role.ADMIN


@pytest.mark.parametrize("slug", ["birch", "ACME", "new", "a--b", "\u0430cme"])
def test_an_organization_cannot_get_a_bad_or_taken_address(slug, operator, acme, birch):
    answer = operator.post(url(Organization, "change", acme.pk), {"name": "Acme", "slug": slug})
    assert answer.status_code == 200
    acme.refresh_from_db()
    assert acme.slug == "acme"


def test_staff_see_everything_and_change_nothing(dora, acme, signed_in):
    User.objects.filter(pk=dora.pk).update(role="staff")
    browser = signed_in(dora)
    for model in MODELS:
        assert browser.get(url(model, "changelist")).status_code == 200
    assert browser.post(url(Organization, "delete", acme.pk), {"post": "yes"}).status_code == 403


def test_a_team_is_only_deleted_and_that_is_on_record(operator, acme, garden):
    path = url(Team, "change", garden.pk)
    assert "Garden" in operator.get(path).text
    assert operator.post(path, {"name": "Park"}).status_code == 403
    operator.post(url(Team, "delete", garden.pk), {"post": "yes"})
    assert not Team.objects.exists()
    assert not TeamMembership.objects.exists()
    event = Event.objects.first()
    assert (event.verb, event.subject_label) == (Verb.TEAM_DELETED, "Garden")
    assert event.organization_id == acme.pk


def test_a_place_in_a_team_is_only_deleted_and_that_is_on_record(operator, acme, garden, dora):
    place = garden.team_memberships.get(membership__user=dora)
    path = url(TeamMembership, "change", place.pk)
    assert operator.post(path, {"role": "lead"}).status_code == 403
    operator.post(url(TeamMembership, "delete", place.pk), {"post": "yes"})
    assert garden.team_memberships.count() == 1
    event = Event.objects.first()
    assert (event.verb, event.subject_id) == (Verb.TEAM_MEMBER_REMOVED, dora.pk)
    assert (event.subject_label, event.organization_id) == ("Dora Example (Garden)", acme.pk)
    assert event.data == {"team": str(garden.pk)}


@pytest.mark.parametrize("key", ["x", "\0", "9" * 40])
def test_rows_that_nobody_can_have_ticked_are_refused(key, operator, acme):
    ticked = {"action": "delete_selected", "_selected_action": key, "post": "yes"}
    page = operator.post("/admin/orgs/organization/", ticked)
    assert page.status_code == 400
    assert Organization.objects.get() == acme
