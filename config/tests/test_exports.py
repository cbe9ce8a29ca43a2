"""When the database was exported last, which `migrate` asks before it destroys anything."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.events import Event
from accounts.verbs import Verb
from config.database.backups import exports


@pytest.mark.django_db
def test_a_database_that_was_never_exported_has_no_latest_export():
    assert exports.latest() is None


@pytest.mark.django_db
def test_the_latest_export_is_the_newest_event_of_one():
    Event.objects.create(
        verb=Verb.DATABASE_EXPORTED, data={"taken": str(timezone.now() - timedelta(days=1))}
    )
    taken = timezone.now().isoformat()
    exports.record_exported("groundwork.dump", taken=taken, rows=3, size=1000)
    assert exports.latest().isoformat() == taken
    assert str(Event.objects.latest("id")) == "A command exported the database to groundwork.dump"


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "is_fresh"), [(59, True), (61, False), (-60, False)])
def test_an_export_is_as_old_as_its_beginning_by_the_databases_clock(
    monkeypatch, minutes, is_fresh
):
    taken = timezone.now() - timedelta(minutes=minutes)
    Event.objects.create(verb=Verb.DATABASE_EXPORTED, data={"taken": taken.isoformat()})
    monkeypatch.setattr(timezone, "now", lambda: taken)  # of a machine whose clock is wrong
    assert exports.is_fresh(timedelta(hours=1)) is is_fresh


@pytest.mark.django_db
def test_the_latest_export_is_found_by_an_index(django_assert_num_queries):
    with django_assert_num_queries(2):
        exports.latest()
    asked = Event.objects.filter(verb=Verb.DATABASE_EXPORTED).order_by("-id")[:1]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "event_of_verb" in asked.explain()


@pytest.mark.django_db
def test_a_database_without_tables_was_never_exported():
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA empty; SET LOCAL search_path = empty")
    assert exports.latest() is None
