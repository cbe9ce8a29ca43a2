"""How many organizations one person may own; the other limits are tested where they are met.

Apart from what happens at the same moment: a limit holds then, too.
"""

from collections import Counter
from contextlib import nullcontext
from functools import partial

import pytest
from django.test import Client

from config.tests.at_once import at_once
from orgs import limits
from orgs.models import Invitation, Organization, Transfer
from orgs.refusals import TooManyInvitations
from orgs.roles import Role

NEW = "/organizations/new/"


@pytest.fixture
def browser(charlie, signed_in):
    return signed_in(charlie)


@pytest.fixture(autouse=True)
def two(settings):
    settings.MAX_ORGANIZATIONS_OWNED = 2


def make(browser, name, slug=""):
    return browser.post(NEW, {"name": name, "slug": slug})


def test_the_limit_says_which_it_is_and_how_many_there_may_be(browser):
    for name in ("Birch", "Oak"):
        assert make(browser, name).status_code == 302
    answer = make(browser, "Elm", "elm-street")
    assert answer.status_code == 400
    assert "There can be at most 2 organizations of which you are the primary owner." in answer.text
    assert 'value="Elm"' in answer.text
    assert 'value="elm-street"' in answer.text
    assert Organization.objects.count() == 2


def test_what_somebody_owns_beside_a_primary_owner_does_not_count(browser, acme, charlie):
    acme.add_user(charlie, "owner")
    for name in ("Birch", "Oak"):
        assert make(browser, name).status_code == 302


def test_a_deleted_organization_makes_room(browser):
    for name in ("Birch", "Oak"):
        make(browser, name)
    Organization.objects.first().delete()
    assert make(browser, "Elm").status_code == 302


@pytest.mark.parametrize(("more", "is_refused"), [(1, False), (2, True), (9, True)])
def test_a_limit_counts_what_is_there_and_what_comes(more, is_refused, acme):
    members = acme.memberships.all()
    with pytest.raises(limits.LimitReached) if is_refused else nullcontext() as refusal:
        limits.check(members, 4, "members", more=more, advice="Remove one.")
    if is_refused:
        assert refusal.value.messages == ["There can be at most 4 members. Remove one."]


def at_once_by(person, forms):
    """Send the forms at the same moment, each from a browser of the person's own."""
    browsers = [(Client(), *form) for form in forms]
    for browser, *_ in browsers:
        browser.force_login(person)
    return at_once(*(partial(make, *form) for form in browsers))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_slug", [False, True])
def test_many_at_once_end_with_as_many_as_may_be(has_slug, charlie, settings):
    settings.MAX_ORGANIZATIONS_OWNED = 5
    forms = [(f"Elm {'!' * n}", f"elm-{n}" if has_slug else "") for n in range(12)]
    answers = at_once_by(charlie, forms)
    assert Counter(answer.status_code for answer in answers) == {302: 5, 400: 7}
    assert Organization.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_organization(charlie):
    answers = at_once_by(charlie, [["Elm"]] * 8)
    assert {answer.url for answer in answers} == {"/o/elm/"}
    assert Organization.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_hand_over_to_one_person_at_once_as_many_do_as_they_may_own(
    acme, birch, bob, settings
):
    settings.MAX_ORGANIZATIONS_OWNED = 1
    birch.add_user(bob, Role.ADMIN)
    offers = []
    for organization in (acme, birch):
        to = organization.memberships.get(user=bob)
        Transfer.offer(to, by=organization.owner.organization_user)
        offers.append(partial(Transfer.objects.get(membership=to).accept, by=to))
    answers = at_once(*offers)
    assert sorted(type(answer).__name__ for answer in answers) == ["LimitReached", "NoneType"]
    assert bob.memberships.filter(ownership__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_eight_invited_at_once_as_many_are_as_may_wait(acme, alice, membership, settings):
    settings.MAX_INVITATIONS = 3
    by = membership(alice)
    invites = [
        partial(Organization.objects.get().invite, f"{n}@example.com", Role.MEMBER, by=by)
        for n in range(8)
    ]
    kinds = Counter(type(answer) for answer in at_once(*invites))
    assert kinds == {Invitation: 3, TooManyInvitations: 5}
    assert Invitation.objects.count() == 3
