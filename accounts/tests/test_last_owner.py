"""The platform keeps an owner who can act, because the database says so."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import LastOwner
from config.tests.at_once import at_once

LAST = "no owner"


@pytest.fixture
def second(db):
    """A second owner of the platform."""
    return User.objects.create_user("oscar@example.com", role="owner")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE accounts_user SET role = 'admin'",
        "UPDATE accounts_user SET is_active = false",
        "UPDATE accounts_user SET banned_at = now()",
        "UPDATE accounts_user SET banned_at = now(), ban_until = now() + interval '1 second'",
        "DELETE FROM accounts_user",
    ],
)
def test_raw_sql_cannot_take_the_last_owner_away(sql, olivia, alice):
    execute = connection.cursor().execute
    with pytest.raises(IntegrityError, match=LAST), transaction.atomic():
        execute(sql)
    with pytest.raises(IntegrityError, match=LAST), transaction.atomic():
        execute(f"{sql} WHERE role = 'owner'")


def test_a_queryset_cannot_take_the_last_owner_away(olivia, alice):
    for call in (
        lambda: User.objects.update(role="user"),
        lambda: User.objects.filter(pk=olivia.pk).delete(),
    ):
        with pytest.raises(IntegrityError, match=LAST), transaction.atomic():
            call()


def test_the_verbs_say_who_the_last_owner_is(olivia, second):
    """Which takes two: nobody does any of this to themselves."""
    olivia.ban(by=second, reason="Holidays.", until=timezone.now() + timedelta(hours=1))
    for call in (
        lambda: second.change_role("user", by=None),
        lambda: second.delete(),
    ):
        with pytest.raises(LastOwner, match="last owner"):
            call()
    olivia.unban(by=second)
    second.change_role("user", by=olivia)


def test_an_owner_whose_ban_is_over_is_an_owner(olivia, second):
    hour = timedelta(hours=1)
    ended = {"banned_at": timezone.now() - 2 * hour, "ban_until": timezone.now() - hour}
    User.objects.filter(pk=second.pk).update(**ended)
    olivia.delete()
    assert User.objects.get() == second


def test_owners_who_cannot_act_do_not_count(olivia, second):
    User.objects.filter(pk=second.pk).update(is_active=False)
    with pytest.raises(LastOwner):
        olivia.delete()
    second.delete()


def test_everybody_else_comes_and_goes(olivia, alice, bob):
    User.objects.exclude(role="owner").delete()
    User.objects.update(name="Olivia Other", role="owner", is_active=True)
    assert User.objects.get().name == "Olivia Other"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "verb",
    [
        lambda user, by: user.change_role("user", by=by),
        lambda user, by: user.ban(by=by, reason="You."),
        lambda user, by: user.delete(),
    ],
)
def test_of_two_owners_who_take_each_other_away_one_stays(verb, olivia, second):
    answers = at_once(lambda: verb(olivia, second), lambda: verb(second, olivia))
    assert [isinstance(answer, PermissionDenied) for answer in answers].count(True) == 1
    assert [user.is_superuser and user.may_act for user in User.objects.all()].count(True) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_transactions_that_do_not_see_each_other_one_is_refused(olivia, second):
    both_have_written = threading.Barrier(2)

    def switch_off(user):
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(is_active=False)
            with suppress(threading.BrokenBarrierError):
                both_have_written.wait(0.2)  # in vain: the database lets the second one wait

    answers = at_once(lambda: switch_off(olivia), lambda: switch_off(second))
    assert [isinstance(answer, IntegrityError) for answer in answers].count(True) == 1
    assert User.objects.filter(is_active=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_sees_the_past_takes_no_last_owner_away(olivia, second):
    def switch_off(user):
        return User.objects.filter(pk=user.pk).update(is_active=False)

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert User.objects.count() == 2
        assert at_once(lambda: switch_off(second)) == [1]
        with pytest.raises(OperationalError, match="serialize"):
            switch_off(olivia)
    assert User.objects.get(is_active=True) == olivia


@pytest.mark.django_db(transaction=True)
def test_flush_empties_all_people(olivia):
    call_command("flush", interactive=False, verbosity=0)
    assert not User.objects.exists()
