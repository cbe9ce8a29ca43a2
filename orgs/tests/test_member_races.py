"""Two at the same moment, on connections of their own: one of them finds what the other one did."""

from functools import partial

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import User
from config import cast
from config.tests.admin_pages import url
from config.tests.at_once import at_once
from orgs.models import Membership, Organization, Ownership
from orgs.roles import Role

ROUNDS = [3, pytest.param(200, marks=pytest.mark.slow)]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.parametrize("rounds", ROUNDS)]


@pytest.fixture
def again(acme):
    """Call it for a person's membership of Acme as it is at the beginning of a round."""

    def again(person, role):
        found = {"organization": acme, "user": person}
        membership, _ = Membership.objects.update_or_create(**found, defaults={"role": role})
        return membership

    return again


def role_of(person):
    """Return the role in Acme, or None for somebody who is no member."""
    return (
        person.memberships.filter(organization__slug="acme").values_list("role", flat=True).first()
    )


def kinds(answers):
    return {type(answer) for answer in answers}


def test_of_two_owners_who_demote_each_other_one_stays(rounds, again, grace, bob):
    for _ in range(rounds):
        hers, his = again(grace, Role.OWNER), again(bob, Role.OWNER)
        answers = at_once(
            partial(hers.change_role, Role.MEMBER, by=his),
            partial(his.change_role, Role.MEMBER, by=hers),
        )
        assert kinds(answers) == {type(None), PermissionDenied}
        assert {role_of(grace), role_of(bob)} == {Role.OWNER, Role.MEMBER}


def test_of_two_owners_who_remove_each_other_one_stays(rounds, again, grace, bob):
    for _ in range(rounds):
        hers, his = again(grace, Role.OWNER), again(bob, Role.OWNER)
        answers = at_once(partial(hers.remove, by=his), partial(his.remove, by=hers))
        assert kinds(answers) == {type(None), PermissionDenied}
        assert {role_of(grace), role_of(bob)} == {Role.OWNER, None}


def test_who_is_made_an_owner_is_not_removed_by_an_admin(rounds, again, alice, bob, dora):
    for _ in range(rounds):
        owner, admin = again(alice, Role.OWNER), again(bob, Role.ADMIN)
        one, other = again(dora, Role.MEMBER), again(dora, Role.MEMBER)
        made, removed = at_once(
            partial(one.change_role, Role.OWNER, by=owner), partial(other.remove, by=admin)
        )
        if made is None:
            assert (type(removed), role_of(dora)) == (PermissionDenied, Role.OWNER)
        else:
            assert (type(made), removed) == (Membership.DoesNotExist, None)
            assert role_of(dora) is None


def test_who_leaves_while_being_removed_is_gone_once(rounds, again, bob, dora):
    for _ in range(rounds):
        admin = again(bob, Role.ADMIN)
        one, other = again(dora, Role.MEMBER), again(dora, Role.MEMBER)
        answers = at_once(one.leave, partial(other.remove, by=admin))
        assert kinds(answers) == {type(None), Membership.DoesNotExist}
        assert role_of(dora) is None


def test_eight_people_get_three_seats(rounds, acme, settings):
    settings.MAX_MEMBERS = acme.memberships.count() + 3
    people = [cast.person(f"person-{n}") for n in range(8)]

    def joining(person):
        return lambda: Organization.objects.get(pk=acme.pk).add_user(person)

    for _ in range(rounds):
        answers = at_once(*map(joining, people))
        assert sorted(type(answer).__name__ for answer in answers) == 5 * ["LimitReached"] + 3 * [
            "Membership"
        ]
        assert acme.memberships.filter(user__in=people).delete()[0] == 3


@transaction.atomic
def hand_over(organization, member):
    organization.lock()
    Ownership.objects.filter(organization=organization).update(organization_user=member)


def test_the_admin_demotes_nobody_who_becomes_the_primary_owner(
    rounds, again, acme, alice, grace, olivia, signed_in
):
    operator = signed_in(olivia)
    for _ in range(rounds):
        hand_over(acme, again(alice, Role.OWNER))
        member = again(grace, Role.OWNER)
        path = url(Membership, "change", member.pk)
        page, handed = at_once(
            partial(operator.post, path, {"role": "member"}), partial(hand_over, acme, member)
        )
        assert (page.status_code, handed is None) in ((302, False), (200, True))
        assert (role_of(grace) == Role.OWNER) is (handed is None)


def test_a_name_that_changes_while_its_person_joins_is_the_one_that_is_found(
    rounds, acme, birch, charlie
):
    for n in range(rounds):
        rename = User.objects.filter(pk=charlie.pk).update
        at_once(partial(acme.add_user, charlie), partial(rename, name=f"Name {n}"))
        joined = acme.memberships.get(user=charlie)
        assert joined.sort_name == f"name {n}"
        joined.delete()
