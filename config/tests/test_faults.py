"""The database restarts, falls silent, is full, takes no writes: what people see of it, and when
the site is back. Real servers, under load; the bounds are promises, the figures smaller."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.tests.served import JOIN, LOCK, Hole, Load, Site, until_waiting

pytestmark = pytest.mark.slow

PAGE = "/o/acme/members/"


def test_a_restart_under_load_costs_two_requests_at_most(migrated, record_property):
    with Site(migrated.url()) as site, Load(site, PAGE, migrated.alice) as load:
        began = time.monotonic()
        migrated.restart()
        back = time.monotonic()
        load.go_on(100)
        log = site.log
    record_property("restart", f"{load.summary}, down {back - began:.2f} s, {load.longest:.2f} s")
    assert len(load.failures) <= 2
    assert {one.status for one in load.failures} <= {503}
    assert "Traceback" not in log
    assert load.longest < back - began + 5


def test_whose_connection_is_cut_gets_the_page_from_another_but_nothing_is_sent_twice(migrated):
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with (
        Site(migrated.url()) as site,
        migrated.connect() as other,
        ThreadPoolExecutor() as visitors,
    ):
        with other.transaction():
            other.execute(f"{LOCK}; LOCK TABLE orgs_membership IN ACCESS EXCLUSIVE MODE")
            page = visitors.submit(site.get, PAGE, migrated.alice)
            form = visitors.submit(site.ask, *JOIN)
            until_waiting(migrated, 2)
            other.execute(cut)
            assert form.result().status == 503
        assert page.result().status == 200
        assert "The database is away: terminating connection" in site.log


def test_a_silent_database_keeps_nobody_for_ever_and_nobody_else_at_all(migrated, record_property):
    """Ten seconds in which what is sent is taken, and nothing comes back."""
    with (
        Hole(migrated.port) as hole,
        Site(hole.instead_of(migrated)) as site,
        Load(site, PAGE, migrated.alice) as load,
    ):
        paths = {"/health/live": [], "/waitlist/": [], "/health/ready": []}
        with hole.swallowing() as began:
            while time.monotonic() < began + 10:
                for path, answers in paths.items():
                    answers.append(site.get(path))
                time.sleep(0.2)
        over = time.monotonic()
        load.go_on(100)
        log = site.log
    live, public, ready = paths.values()
    slowest = {path: f"{max(one.seconds for one in paths[path]):.2f}" for path in paths}
    away = load.seconds_away(over)
    record_property(
        "silent", f"{load.summary}, {load.longest:.2f} s, {away:.2f} s after, {slowest}"
    )
    assert {one.status for one in live + public} == {200}
    assert {one.status for one in ready} == {503}
    assert max(one.seconds for one in live + ready) < 9.5  # of the ten
    assert {one.status for one in load.failures} == {503}
    assert {one.headers["Retry-After"] for one in load.failures} == {"30"}
    assert load.longest < 9.5  # five seconds, once for each visitor; then nobody waits any more
    assert len([one for one in load.failures if one.seconds > 4]) <= 3 * len(load.visitors)
    assert away < 20
    assert "Traceback" not in log
    assert log.count(" 503 in ") == len(load.failures) + len(ready)


def test_without_a_free_connection_there_is_a_503_within_the_wait(migrated):
    with (
        Site(migrated.url(), DATABASE_POOL_SIZE="1", WEB_CONCURRENCY="1") as site,
        migrated.connect() as other,
        ThreadPoolExecutor() as visitors,
        other.transaction(),
    ):
        other.execute(LOCK)
        holder = visitors.submit(site.ask, *JOIN)
        until_waiting(migrated, 1)
        page = visitors.submit(site.get, PAGE, migrated.alice)
        api = visitors.submit(site.ask, *JOIN)
        assert site.get("/waitlist/").status == 200
        for waited in (page.result(), api.result()):
            assert waited.status == 503
            assert 4 < waited.seconds < 20
            assert waited.headers["Retry-After"] == "30"
        assert "We will be back in a moment" in page.result().text
        assert json.loads(api.result().text)["error"]["code"] == "unavailable"
        assert site.log.count("No connection to the database: all are in use") == 2
        other.execute("ROLLBACK")
        assert holder.result().status == 202
        assert site.get(PAGE, migrated.alice).status == 200


def test_a_statement_that_takes_too_long_says_so_and_is_no_outage(migrated):
    with (
        Site(migrated.url(), DATABASE_STATEMENT_SECONDS="1") as site,
        migrated.connect() as other,
        other.transaction(),
    ):
        other.execute("LOCK TABLE orgs_membership IN ACCESS EXCLUSIVE MODE")
        answer = site.get(PAGE, migrated.alice)
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "30"
        assert "This took too long" in answer.text
        [line] = [line for line in site.log.splitlines() if " 503 in " in line]
        assert "The database gave a statement up: canceling statement due to statement" in line
        assert "is away" not in site.log


def test_a_database_that_only_reads_shows_pages_and_says_why_nothing_is_saved(migrated):
    def read_only(value):
        setting = f"ALTER DATABASE groundwork SET default_transaction_read_only = {value}"
        migrated.ask(setting, options="-c default_transaction_read_only=off")

    with Site(migrated.url()) as site:
        # Long enough ago that a page would write that the device was seen, and where it was.
        old = "last_seen = now() - interval '1 hour', active_organization_id = NULL"
        migrated.ask(f"UPDATE accounts_session SET {old}")
        read_only("on")
        try:
            for path in ("/", "/waitlist/", "/accounts/login/", "/organizations/"):
                assert site.get(path).status in (200, 302)
            for path in (PAGE, "/account/", "/organizations/", "/o/acme/"):
                assert site.get(path, migrated.alice).status == 200
            api = site.ask(*JOIN)
            assert (api.status, api.headers["Retry-After"]) == (503, "30")
            assert "lets us read, but not write" in json.loads(api.text)["error"]["message"]
            assert "The database takes no writes: cannot execute" in site.log
            assert "Traceback" not in site.log
        finally:
            read_only("off")


def test_a_standby_shows_pages_too(migrated):
    """Also the table that limits are counted in cannot be read there, as it has no log."""
    migrated.ask("UPDATE accounts_session SET last_seen = now() - interval '1 hour'")
    migrated.stop()
    signal = migrated.data / "standby.signal"
    signal.touch()
    migrated.start()
    try:
        assert migrated.ask("SELECT pg_is_in_recovery()")
        with Site(migrated.url()) as site:
            assert site.get(PAGE, migrated.alice).status == 200
            assert site.get("/health/ready").status == 200
            assert site.ask(*JOIN).status == 503
            assert "The database takes no writes: cannot " in site.log
            assert "during recovery" in site.log
            assert "Traceback" not in site.log
    finally:
        migrated.stop()
        signal.unlink()
        migrated.start()


def test_a_missing_column_is_a_deploy_under_way_while_migrations_are_pending(migrated):
    applied = "FROM django_migrations WHERE app = 'orgs' AND name LIKE '0007%'"
    with Site(migrated.url()) as site, migrated.connect() as other:
        [row] = other.execute(f"SELECT app, name, applied {applied}").fetchall()
        other.execute("ALTER TABLE orgs_membership RENAME visited TO visits")
        try:
            assert site.get(PAGE, migrated.alice).status == 500
            other.execute(f"DELETE {applied}")
            answer = site.get(PAGE, migrated.alice)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
            assert "The schema is not this version's: column" in site.log
        finally:
            insert = "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)"
            other.execute(insert, row)
            other.execute("ALTER TABLE orgs_membership RENAME visits TO visited")
        assert site.get(PAGE, migrated.alice).status == 200
