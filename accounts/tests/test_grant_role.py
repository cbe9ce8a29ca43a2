"""manage.py grant_role EMAIL ROLE."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Event, Session, User
from accounts.verbs import Verb

pytestmark = pytest.mark.django_db


def test_it_gives_the_role_and_says_so(alice, client, capsys):
    client.force_login(alice)
    call_command("grant_role", " Alice@Example.com", "owner")
    alice.refresh_from_db()
    assert alice.is_superuser
    assert not Session.objects.filter(user=alice).exists()
    assert capsys.readouterr().out == "alice@example.com is owner now, and signed out everywhere.\n"


def test_the_audit_trail_names_nobody(alice):
    call_command("grant_role", alice.email, "staff")
    event = Event.objects.get(verb=Verb.ROLE_CHANGED)
    assert (event.actor_id, event.subject_id, event.data["after"]) == (None, alice.pk, "staff")


def test_the_role_they_have_already_signs_nobody_out(alice, client, capsys):
    client.force_login(alice)
    call_command("grant_role", alice.email, "user")
    assert capsys.readouterr().out == "alice@example.com is user already.\n"
    assert Session.objects.filter(user=alice).exists()


@pytest.mark.parametrize(
    ("email", "role", "problem"),
    [
        ("nobody@example.com", "staff", "Nobody has an account with the address nobody@"),
        ("olivia@example.com", "king", "invalid choice: 'king'"),
        ("olivia@example.com", "user", "last owner"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(email, role, problem, olivia):
    with pytest.raises(CommandError, match=problem):
        call_command("grant_role", email, role)
    assert User.objects.get().is_superuser
