"""What the tests of organizations share beside the cast."""

import pytest
from django.db.models import Subquery
from django.test import Client

from config import cast
from orgs.models import Membership
from orgs.roles import Role


@pytest.fixture
def signed_in():
    """Call it with a person for a browser of theirs.

    It was in their first organization before: what remembering costs, test_visits tells.
    """

    def signed_in(person):
        client = Client()
        client.force_login(person)
        first = person.memberships.order_by("pk").values("organization")[:1]
        person.sessions.update(active_organization_id=Subquery(first))
        return client

    return signed_in


@pytest.fixture
def owner(alice, acme, signed_in):
    """A browser of Alice's."""
    return signed_in(alice)


@pytest.fixture
def admin(bob, acme, signed_in):
    """A browser of Bob's."""
    return signed_in(bob)


@pytest.fixture
def membership(acme):
    """Call it with a person for their membership of Acme."""
    return lambda person: Membership.objects.get(organization=acme, user=person)


@pytest.fixture
def erin(db):
    """Somebody with an account whom Acme has invited, or will."""
    return cast.person("erin")


@pytest.fixture
def invite(acme, alice, membership, mailoutbox):
    """Call it to invite to Acme; it returns the invitation and the path of the link in the mail."""

    def invite(email="erin@example.com", role=Role.MEMBER, by=alice):
        invitation = acme.invite(email, role, by=membership(by))
        return invitation, link_in(mailoutbox[-1])

    return invite


def link_in(message):
    """Return the path of the invitation's link in this email."""
    [line] = [line for line in message.body.splitlines() if "/invitations/" in line]
    return line.removeprefix("http://testserver").removeprefix("http://127.0.0.1:8000")
