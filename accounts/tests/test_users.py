"""People as rows: one for a mailbox, made by forms, commands and code alike."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "typed", ["ALICE@Example.com", " alice@example.com ", "ａlice＠example.com"]
)
def test_one_mailbox_is_one_person_however_it_is_typed(alice, typed):
    assert User.objects.get_by_natural_key(typed) == alice
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(typed)


def test_the_database_itself_refuses_capitals(alice):
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET email = 'ALICE@example.com'")


def test_the_command_makes_an_operator_who_can_sign_in(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "green-field-2026")
    call_command("createsuperuser", "--noinput", "--email", "Root@Example.com", verbosity=0)
    root = User.objects.get()
    assert (root.email, root.is_staff, root.is_superuser) == ("root@example.com", True, True)
    assert root.check_password("green-field-2026")


def test_the_command_says_so_when_the_address_is_taken(alice):
    with pytest.raises(CommandError, match="already taken"):
        call_command("createsuperuser", "--noinput", "--email", "ALICE@example.com", verbosity=0)


@pytest.mark.parametrize(
    ("name", "shown", "initials"),
    [
        ("Alice Example", "Alice Example", "AE"),
        ("Ana María de la Cruz", "Ana María de la Cruz", "AC"),
        ("李小龙", "李小龙", "李"),
        ("", "new@example.com", "N"),
        (" ", " ", "?"),
    ],
)
def test_a_person_always_has_something_to_show(name, shown, initials):
    person = User(email="new@example.com", name=name)
    assert (str(person), person.initials) == (shown, initials)


def test_an_address_is_verified_when_its_own_mailbox_was(alice, bob):
    bob.emailaddress_set.update(verified=False)
    bob.emailaddress_set.create(email="second@example.com", verified=True)
    people = User.objects.with_email_verified()
    assert set(people.values_list("name", "email_verified")) == {
        ("Alice Example", True),
        ("Bob Example", False),
    }
