"""Production's cache, on the table that the migration made."""

import time

import pytest
from django.core.cache import cache
from django.db import connection

from accounts.recent import recent
from config import cache as production
from config.env import SettingError
from config.tests.at_once import at_once
from config.tests.processes import PRODUCTION

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def database_cache(settings):
    settings.CACHES = {"default": {"BACKEND": "config.cache.DatabaseCache", "LOCATION": "cache"}}


def rows():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cache")
        return cursor.fetchone()[0]


def test_it_keeps_replaces_and_deletes():
    cache.set("key", [1.5, "é"])
    cache.set("key", {"now": "this"})
    assert cache.get("key") == {"now": "this"}
    assert cache.delete("key")
    assert cache.get("key") is None


def test_it_adds_only_what_is_not_there():
    assert cache.add("key", 1)
    assert not cache.add("key", 2)
    assert cache.get("key") == 1


def test_what_has_expired_is_gone_and_may_be_added_again():
    cache.set("key", 1, timeout=0.001)
    time.sleep(0.01)
    assert cache.get("key") is None
    assert cache.add("key", 2)
    assert cache.get("key") == 2


def test_a_touched_entry_lives_longer():
    for key in ("key", "older"):
        cache.set(key, 1, timeout=600)
    assert cache.touch("key", 1200)
    assert not cache.touch("other", 1200)
    with connection.cursor() as cursor:  # fifteen minutes later
        cursor.execute("UPDATE cache SET expires = expires - interval '15 minutes'")
    assert (cache.get("key"), cache.get("older")) == (1, None)


def test_what_may_be_old_is_so_for_a_minute_at_most():
    recent("key", lambda: 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM max(expires) - clock_timestamp()) FROM cache")
        assert 50 < cursor.fetchone()[0] <= 60


def test_no_timeout_means_for_ever():
    cache.set("key", 1, timeout=None)
    assert cache.get("key") == 1


def test_a_write_is_one_statement(django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(production, "SWEEP", 0)
    with django_assert_num_queries(2):
        cache.set("key", 1)
        cache.add("key", 2)


def test_nothing_is_thrown_away_before_its_time():
    cache.set("first", 1)
    for number in range(400):
        cache.set(f"key-{number}", number)
    assert cache.get("first") == 1


def test_what_has_expired_is_swept_out(monkeypatch):
    monkeypatch.setattr(production, "SWEEP", 1)
    cache.set("old", 1, timeout=0.001)
    time.sleep(0.01)
    # A transaction's now() stands still, and this test is one.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cache SET expires = now() - interval '1 second'")
    cache.set("new", 1)
    assert rows() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_add_at_once_one_succeeds():
    assert sum(at_once(*[lambda: cache.add("key", 1)] * 40)) == 1
    cache.clear()


@pytest.mark.parametrize(
    "url",
    [
        *("valkey://cache", "http://cache", "cache:6379", "redis://", "redis://cache/0/1"),
        *("redis://p@ss@cache", "redis://cache:many", "rediss://cache?ssl_cert_reqs=none"),
        *("redis://cache/0#1", "redis://one,redis://two", "unix:///run/valkey"),
    ],
)
def test_what_is_no_address_of_a_valkey_is_refused_in_one_sentence(url):
    with pytest.raises(SettingError, match=r"^CACHE_URL must be redis://[^\n]*$") as caught:
        production.from_url(url, deployed=True)
    assert "p@ss" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["redis://cache", "rediss://me:p%40ss@cache.example.com:6380/2", "redis://[::1]:6379/0"]
)
def test_a_cache_url_leads_to_valkey_in_each_environment(url):
    for deployed in (True, False):
        entry = production.from_url(url, deployed=deployed)
        assert entry == {"BACKEND": "config.valkey.ValkeyCache", "LOCATION": [url]}


def test_without_a_cache_url_it_is_a_table_in_production_and_memory_on_a_laptop(load_settings):
    assert load_settings(**PRODUCTION)["CACHES"]["default"]["BACKEND"].endswith("DatabaseCache")
    laptop = load_settings(ENVIRONMENT="development", DATABASE_URL="")
    assert laptop["CACHES"]["default"]["BACKEND"].endswith("LocMemCache")
