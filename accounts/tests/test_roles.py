"""The ladder of platform roles: user < staff < admin < owner."""

from itertools import product

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import Event, Session, User
from accounts.roles import PlatformRole
from accounts.verbs import Verb
from config.cast import person

ROLES = list(PlatformRole)
ACTIONS = ["view", "add", "change", "delete"]
MATRIX = """
role   view add change delete | user staff admin owner
user   -    -   -      -      | -    -     -     -
staff  x    -   -      -      | -    -     -     -
admin  x    x   x      -      | x    x     -     -
owner  x    x   x      x      | x    x     x     x
"""


def test_the_matrix_is_what_the_documentation_says():
    assert _matrix() == MATRIX.strip(), f"\n{_matrix()}"


def _matrix():
    lines = ["role   view add change delete | user staff admin owner"]
    for role in ROLES:
        user = User(role=role)
        cells = [*[(user.has_perm(f"orgs.{action}_x"), action) for action in ACTIONS], (None, "|")]
        cells += [(user.outranks(User(role=other)), other.value) for other in ROLES]
        marks = [("|" if yes is None else "-x"[yes]).ljust(len(word)) for yes, word in cells]
        lines.append(f"{role.value:6} {' '.join(marks)}".rstrip())
    return "\n".join(lines)


def test_the_roles_drive_what_django_asks():
    assert [User(role=role).is_staff for role in ROLES] == [False, True, True, True]
    assert [User(role=role).is_superuser for role in ROLES] == [False, False, False, True]
    assert [User(role=role).has_module_perms("orgs") for role in ROLES] == [False, True, True, True]


@pytest.fixture
def ada(db):
    """An admin of the platform."""
    return _with_role("ada", "admin")


def _with_role(name, role):
    user = person(name)
    User.objects.filter(pk=user.pk).update(role=role)
    user.refresh_from_db()
    return user


def test_who_is_switched_off_or_banned_may_nothing(ada, olivia, alice):
    ada.deactivate(by=olivia)
    assert not ada.has_perm("orgs.view_x")
    assert not ada.has_module_perms("orgs")
    ada.activate(by=olivia)
    assert ada.has_perm("orgs.view_x")
    ada.ban(by=olivia, reason="Sold the database.")
    assert not ada.has_perm("orgs.view_x")
    assert not ada.outranks(alice)


def test_only_owners_make_owners_and_admins(ada, olivia, alice):
    for role in ("admin", "owner"):
        with pytest.raises(PermissionDenied, match="Only an owner"):
            alice.change_role(role, by=ada)
    alice.change_role("staff", by=ada)
    alice.change_role("admin", by=olivia)
    alice.change_role("owner", by=olivia)
    alice.refresh_from_db()
    assert alice.is_superuser


@pytest.mark.parametrize("role", ROLES)
def test_nobody_changes_their_own_role(role, olivia):
    user = _with_role("alice", role)
    for other in ROLES:
        with pytest.raises(PermissionDenied):
            user.change_role(other, by=user)


@pytest.mark.parametrize(("actor", "target"), list(product(ROLES[:3], ROLES[2:])))
def test_nobody_handles_who_does_not_stand_below_them(actor, target, olivia):
    by, user = _with_role("alice", actor), _with_role("bob", target)
    for act in (
        lambda: user.change_role("user", by=by),
        lambda: user.ban(by=by, reason="Because."),
        lambda: user.unban(by=by),
        lambda: user.deactivate(by=by),
        lambda: user.activate(by=by),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert not Event.objects.exists()


def test_a_power_that_was_taken_away_meanwhile_counts_no_more(ada, olivia, alice):
    stale = User.objects.get(pk=ada.pk)
    ada.change_role("user", by=olivia)
    with pytest.raises(PermissionDenied):
        alice.ban(by=stale, reason="I still can.")


def test_a_changed_role_signs_out_everywhere_and_is_told(alice, olivia, client):
    client.force_login(alice)
    alice.change_role("staff", by=olivia)
    assert not Session.objects.filter(user=alice).exists()
    event = Event.objects.get(verb=Verb.ROLE_CHANGED)
    assert (event.actor_id, event.subject_id) == (olivia.pk, alice.pk)
    assert event.data == {"before": "user", "after": "staff"}


def test_the_role_they_have_already_signs_nobody_out(alice, olivia, client):
    client.force_login(alice)
    alice.change_role("user", by=olivia)
    assert Session.objects.filter(user=alice).exists()
    assert not Event.objects.exists()


def test_an_account_switched_off_is_signed_out_everywhere_and_told(alice, olivia, client):
    client.force_login(alice)
    alice.deactivate(by=olivia)
    assert client.get("/account/").status_code == 302
    alice.activate(by=olivia)
    assert client.get("/account/").status_code == 302
    assert [event.verb for event in Event.objects.order_by("id")] == [
        Verb.DEACTIVATED,
        Verb.ACTIVATED,
    ]
