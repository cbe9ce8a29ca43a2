"""accounts.limits: who may try how often, and when again."""

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from accounts import limits
from accounts.limits import count, count_each, count_most, forget, look
from accounts.models import Attempt
from config.tests.admin_pages import url
from config.tests.at_once import at_once

pytestmark = pytest.mark.django_db


HOUR = 3600


def waits(number, amount=2, seconds=HOUR):
    return [count("test", "ann", amount, seconds).wait for _ in range(number)]


def about(waits):
    """What these are on a machine with other things to do: up to half a minute less."""
    return pytest.approx(waits, abs=30)


def let_pass(**time):
    """Make every try older, as if the time had passed."""
    attempt = Attempt.objects.get()
    attempt.times = [tried - timedelta(**time) for tried in attempt.times]
    attempt.until -= timedelta(**time)
    attempt.save()


def test_so_many_pass_and_then_none():
    assert [bool(wait) for wait in waits(4)] == [False, False, True, True]


def test_a_refused_try_says_when_and_does_not_wait_longer_for_it():
    waits(2)
    let_pass(minutes=30)
    assert waits(3) == about([HOUR / 2] * 3)


def test_any_window_of_time_holds_only_so_many():
    """Counting anew each minute would let twice as many through around its end."""
    waits(1)
    let_pass(minutes=59)
    assert waits(2) == about([0, 60])
    let_pass(minutes=1)
    assert waits(2) == about([0, HOUR - 60])


def test_a_try_that_is_taken_back_does_not_count_and_no_other_is_lost():
    first, second = (count("test", "ann", 2, HOUR) for _ in range(2))
    second.take_back()
    second.take_back()
    assert Attempt.objects.get().times == [first.time]
    assert waits(2) == about([0, HOUR])


def test_a_try_tells_how_many_are_left_and_when_there_is_one_more():
    tries = [count("test", "ann", 3, HOUR) for _ in range(2)]
    assert [one.left for one in tries] == [2, 1]
    assert [one.reset for one in tries] == about([HOUR, HOUR])
    let_pass(minutes=50)
    third, fourth = (count("test", "ann", 3, HOUR) for _ in range(2))
    assert [third.left, fourth.left] == [0, 0]
    assert [third.reset, fourth.wait] == about([600, 600])
    let_pass(minutes=10)
    assert count("test", "ann", 3, HOUR).left == 1
    let_pass(minutes=60)
    assert count("test", "ann", 3, HOUR).left == 2


def test_headers_tell_the_same():
    first, second = (count("test", "ann", 1, HOUR) for _ in range(2))
    told = {"RateLimit-Limit": "1", "RateLimit-Remaining": "0"}
    assert first.headers == told | {"RateLimit-Reset": str(first.reset)}
    wait = str(second.wait)
    assert second.headers == told | {"RateLimit-Reset": wait, "Retry-After": wait}


def test_looking_counts_nothing():
    assert [look("test", "ann", 1, HOUR).wait for _ in range(2)] == [0, 0]
    waits(1, amount=1)
    let_pass(minutes=20)
    assert look("test", "ann", 1, HOUR).wait == about(40 * 60)


def test_kinds_and_people_are_counted_apart_and_forgotten_apart():
    for kind, who in [("test", "ann"), ("test", "bea"), ("other", "ann")]:
        assert [bool(count(kind, who, 1, 60).wait) for _ in range(2)] == [False, True]
    forget("test", "ann", 1, 60)
    again = [count(*one, 1, 60).wait for one in [("test", "ann"), ("test", "bea")]]
    assert [bool(wait) for wait in again] == [False, True]


def test_a_try_is_one_statement_and_a_refused_one_two(django_assert_num_queries):
    with django_assert_num_queries(1):
        waits(1, amount=1)
    with django_assert_num_queries(2):
        waits(1, amount=1)


def test_several_are_counted_each_by_itself_in_one_statement(django_assert_num_queries):
    waits(2)
    with django_assert_num_queries(1):
        count_each("test", ["bea", "dan"], 2, HOUR)
    with django_assert_num_queries(2):  # and one to know how long to wait
        tries = count_each("test", ["dan", "ann", "bea"], 2, HOUR)
    assert {who: bool(one.wait) for who, one in tries.items()} == {
        "dan": False,
        "ann": True,
        "bea": False,
    }
    assert bool(count("test", "bea", 2, HOUR).wait)


def test_of_many_tries_so_many_count_as_are_left():
    assert count_most("test", "ann", 5, HOUR, tries=3) == (3, 0)
    assert count_most("test", "ann", 5, HOUR, tries=3) == about((2, HOUR))
    assert count_most("test", "ann", 5, HOUR, tries=3) == about((0, HOUR))
    let_pass(minutes=60)
    assert count_most("test", "ann", 5, HOUR, tries=9) == about((5, HOUR))
    assert count_most("test", "ann", 5, HOUR, tries=1) == about((0, HOUR))


@pytest.mark.parametrize("who", ["x" * 100_000, "a\0b", "\ud800", "ａ\u202eb"])
def test_whatever_is_typed_can_be_counted(who):
    assert [bool(count("test", who, 1, 60).wait) for _ in range(2)] == [False, True]


def test_rows_are_forgotten_when_their_time_is_over():
    waits(1)
    let_pass(minutes=61)
    count("test", "bea", 1, HOUR)
    assert [attempt.key for attempt in Attempt.objects.all()] == ["test 1/3600s bea"]


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_so_many_pass():
    tries = at_once(*[lambda: count("test", "ann", 10, 60)] * 96)
    assert sum(not one.wait for one in tries) == 10
    assert len({one.time for one in tries if one.time}) == 10
    assert sorted(one.left for one in tries if one.time) == list(range(10))


@pytest.mark.django_db(transaction=True)
def test_of_several_tries_at_once_exactly_so_many_pass():
    taken = at_once(*[lambda: count_most("test", "ann", 20, 60, tries=3)[0]] * 10)
    assert sum(taken) <= 20
    assert sum(taken) + count_most("test", "ann", 20, 60, tries=20)[0] == 20
    both = ["ann", "bea"]  # in either order, and nobody waits for the other for ever
    tries = at_once(
        *[lambda: count_each("other", both, 1, 60), lambda: count_each("other", both[::-1], 1, 60)]
        * 20
    )
    assert sum(not one.wait for each in tries for one in each.values()) == 2


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::ffff:1", "2001:db8::"),
        ("2001:db8:0:1::1", "2001:db8:0:1::"),
        ("", "::"),
    ],
    ids=["IPv4", "IPv4 within IPv6", "IPv6 network", "another IPv6 network", "nobody knows"],
)
def test_one_visitor_is_an_address_or_an_ipv6_network(address, who):
    assert limits.visitor(RequestFactory(REMOTE_ADDR=address).get("/")) == who


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "in 1 second"),
        (60, "in 60 seconds"),
        (61, "in 2 minutes"),
        (300, "in 5 minutes"),
        (3600, "in 60 minutes"),
        (3601, "in 2 hours"),
    ],
)
def test_a_wait_is_told_in_peoples_words_and_never_too_short(seconds, words):
    assert limits.when(seconds) == words


def test_attempts_can_be_looked_at_and_deleted_in_the_admin_but_not_changed(operator):
    waits(1)
    attempt = Attempt.objects.get()
    assert "test 2/3600s ann" in operator.get(url(Attempt, "changelist")).text
    assert operator.get(url(Attempt, "add")).status_code == 403
    change = url(Attempt, "change", attempt.pk)
    assert operator.post(change, {"until": timezone.now()}).status_code == 403
    delete = url(Attempt, "delete", attempt.pk)
    assert operator.post(delete, {"post": "yes"}).status_code == 302
    assert not Attempt.objects.filter(pk=attempt.pk).exists()
