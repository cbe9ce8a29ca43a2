"""Every change of an organization is in the audit trail, in the transaction of the change."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from accounts.models import Event, User
from accounts.verbs import Verb
from config.tests.admin_pages import url
from orgs.invitations import CannotAnswer, InvitationClosed
from orgs.models import Invitation, Membership, Organization
from orgs.roles import Role


def told():
    """Return the newest event: verb, who, to whom, where, details."""
    event = Event.objects.first()
    return (event.verb, event.actor_id, event.subject_label, event.organization_id, event.data)


@pytest.fixture
def invitation(invite):
    return invite()[0]


def test_making_one(alice, signed_in):
    signed_in(alice).post("/organizations/new/", {"name": "Green", "slug": "green"})
    organization = Organization.objects.get()
    created = (Verb.ORGANIZATION_CREATED, alice.pk, "Green", organization.pk, {})
    assert told() == created
    assert Event.objects.first().ip == "127.0.0.1"


def test_one_that_is_not_made_leaves_no_event(alice, acme):
    before = Event.objects.count()
    with pytest.raises(IntegrityError):
        Organization.create(name="Other", slug="acme", by=alice)
    assert Event.objects.count() == before


def test_adding_a_member(acme, alice, charlie):
    acme.add_user(charlie, by=alice)
    added = (Verb.MEMBER_ADDED, alice.pk, "Charlie Example", acme.pk, {"role": "member"})
    assert told() == added


def test_inviting_again_and_revoking(acme, alice, bob, invitation, membership):
    about = ("erin@example.com", acme.pk, {"role": "member"})
    assert told() == (Verb.INVITED, alice.pk, *about)
    invitation.renew(by=membership(bob))
    assert told() == (Verb.INVITED_AGAIN, bob.pk, *about)
    invitation.revoke(by=membership(bob))
    assert told() == (Verb.INVITATION_REVOKED, bob.pk, *about)
    assert Event.objects.first().subject_id == invitation.pk


def test_accepting_is_one_event_of_whoever_accepts(acme, erin, invitation):
    before = Event.objects.count()
    invitation.accept(by=erin)
    about = ("erin@example.com", acme.pk, {"role": "member", "teams": []})
    assert told() == (Verb.INVITATION_ACCEPTED, erin.pk, *about)
    invitation.accept(by=erin)  # a second click changes nothing
    assert Event.objects.count() == before + 1


def test_what_is_refused_leaves_no_event(acme, charlie, dora, invitation, membership):
    before = Event.objects.count()
    with pytest.raises(CannotAnswer):
        invitation.accept(by=charlie)
    for refused in (
        lambda: acme.invite("x@example.com", Role.MEMBER, by=membership(dora)),
        lambda: invitation.renew(by=membership(dora)),
        lambda: invitation.revoke(by=membership(dora)),
    ):
        with pytest.raises(PermissionDenied):
            refused()
    Invitation.objects.update(status="revoked", closed="2026-01-01T00:00Z")
    with pytest.raises(InvitationClosed):
        invitation.renew(by=membership(dora))
    assert Event.objects.count() == before


def test_what_the_admin_edits(operator, olivia, acme, dora, membership):
    operator.post(url(Organization, "change", acme.pk), {"name": "Acme Inc", "slug": "acme"})
    edited = (Verb.ORGANIZATION_EDITED, olivia.pk, "Acme Inc", acme.pk, {"fields": ["name"]})
    assert told() == edited
    operator.post(url(Membership, "change", membership(dora).pk), {"role": "admin"})
    role = {"before": "member", "after": "admin"}
    assert told() == (Verb.MEMBER_ROLE_CHANGED, olivia.pk, "Dora Example", acme.pk, role)


@pytest.mark.parametrize("many", [False, True])
def test_what_the_admin_deletes(many, operator, olivia, acme, dora, membership, invitation):
    def delete(row):
        model = type(row)
        if many:
            form = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
            return operator.post(url(model, "changelist"), form)
        return operator.post(url(model, "delete", row.pk), {"post": "yes"})

    delete(membership(dora))
    assert told()[:4] == (Verb.MEMBER_REMOVED, olivia.pk, "Dora Example", acme.pk)
    delete(invitation)
    assert told()[:4] == (Verb.INVITATION_DELETED, olivia.pk, "erin@example.com", acme.pk)
    delete(acme)
    assert told()[:4] == (Verb.ORGANIZATION_DELETED, olivia.pk, "Acme", acme.pk)
    assert Event.objects.filter(organization_id=acme.pk).count() == 7


def test_erasing_a_member_leaves_the_trail_without_their_name(acme, dora):
    User.objects.filter(pk=dora.pk).delete()
    [event] = Event.objects.filter(subject_id=dora.pk, verb=Verb.MEMBER_ADDED)
    assert (event.subject_label, event.organization_id) == ("", acme.pk)
