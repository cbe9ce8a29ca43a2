"""A statement whose SQL is written once answers each call as Django's queryset would."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models import CharField, UUIDField, Value
from django.db.models.functions import Concat
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from accounts.models import Session, User
from accounts.statements import Param, Statement


@pytest.fixture
def find():
    return Statement(lambda: User.objects.filter(pk=Param("pk", UUIDField())))


def test_the_sql_is_written_once_and_each_call_gives_its_values(find, alice, bob, monkeypatch):
    assert find(pk=alice.pk) == [alice]
    monkeypatch.delattr(SQLCompiler, "as_sql")
    monkeypatch.delattr(find, "write")
    assert find(pk=bob.pk) == [bob]
    assert find(pk=alice.pk) == [alice]


def test_rows_are_djangos_with_all_that_hangs_on_them(alice, django_assert_num_queries):
    key = Session.hash_of("key")
    Session.objects.create(session_key=key, user=alice, expire_date=timezone.now())
    rows = (
        Session.objects.select_related("user")
        .annotate(greeting=Concat(Value("Hello "), "user__name"))
        .filter(session_key=Param("key", CharField()))
    )
    with django_assert_num_queries(1):
        [row] = Statement(lambda: rows)(key=key)
        assert row.user.email == "alice@example.com"
    assert row.greeting == "Hello Alice Example"
    assert not row._state.adding
    assert not row.get_deferred_fields() | row.user.get_deferred_fields()


def test_each_thread_asks_by_its_own_connection(find, alice):
    def in_another_thread():
        try:
            return find(pk=alice.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(in_another_thread).result() == []  # the test's is not committed
        assert find(pk=alice.pk) == [alice]


def test_a_call_without_a_value_fails(find, alice):
    with pytest.raises(KeyError):
        find()
