"""The server stops, or one of its processes is killed: what becomes of requests meanwhile."""

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.tests.clone import wait_until
from config.tests.served import HOST, JOIN, LOCK, Load, Site, until_waiting

pytestmark = pytest.mark.slow


def test_no_request_is_lost_when_the_server_stops(migrated, record_property):
    """The visitors come by a load balancer, which sends nobody to who is not ready."""
    with Site(migrated.url(), DRAIN_SECONDS="60") as site:
        with Load(site, "/waitlist/", visitors=6) as load:
            began = time.monotonic()
            site.process.send_signal(signal.SIGTERM)
            load.until(lambda: site.get("/health/ready").status == 503)
            noticed = time.monotonic() - began
            assert site.get("/health/live").status == 200
            assert site.get("/").headers["Connection"] == "close"
            load.go_on()
        site.process.send_signal(signal.SIGTERM)  # nobody is left: at once
        site.process.wait(40)
    record_property("SIGTERM", f"{load.summary}, not ready after {noticed:.2f} s")
    assert load.failures == []
    assert site.process.returncode == 0


def test_a_request_under_way_ends_and_who_says_nothing_delays_nobody(migrated):
    with (
        Site(migrated.url(), DRAIN_SECONDS="1") as site,
        socket.create_connection((HOST, site.port)),
        migrated.connect() as other,
        ThreadPoolExecutor() as visitors,
    ):
        with other.transaction():
            other.execute(LOCK)
            request = visitors.submit(site.ask, *JOIN)
            until_waiting(migrated, 1)
            began = time.monotonic()
            site.process.send_signal(signal.SIGTERM)
            assert wait_until(lambda: not site.get("/").status)  # nobody else is let in
            assert time.monotonic() - began >= 1
        assert request.result().status == 202
        site.process.wait(20)  # and not the 24 that were left


def test_ctrl_c_stops_at_once(migrated):
    with Site(migrated.url(), DRAIN_SECONDS="60") as site:
        site.process.send_signal(signal.SIGINT)
        site.process.wait(40)  # five, should one of its processes be starting and not hear it


def test_health_is_told_while_every_thread_waits(migrated, record_property):
    """And no thread waits for those that connect and say nothing."""
    with (
        Site(migrated.url(), WEB_CONCURRENCY="1", WEB_THREADS="2") as site,
        migrated.connect() as other,
        ThreadPoolExecutor() as visitors,
    ):
        silent = [socket.create_connection((HOST, site.port)) for _ in range(4)]
        assert site.get("/").seconds < 10
        with other.transaction():
            other.execute(LOCK)
            requests = [visitors.submit(site.ask, *JOIN) for _ in range(2)]
            until_waiting(migrated, 2)
            page = visitors.submit(site.get, "/")
            checks = [site.get(f"/health/{name}") for name in ("live", "ready") * 3]
            assert not page.done()
        assert {request.result().status for request in requests} == {202}
        for one in silent:
            one.close()
    record_property("live while threads wait", max(check.seconds for check in checks))
    assert [check.status for check in checks] == [200] * 6
    assert max(check.seconds for check in checks) < 10


def test_a_killed_process_costs_what_it_had_under_way_and_is_replaced(migrated, record_property):
    with Site(migrated.url()) as site, Load(site, "/waitlist/", visitors=6) as load:
        victim, _ = site.workers
        began = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        load.until(lambda: len(site.workers) == 3)
        load.go_on(60)
    record_property("kill -9", f"{load.summary}, last after {load.seconds_away(began):.2f} s")
    assert len(load.failures) <= 6  # one for each visitor at most
    assert load.seconds_away(began) < 10
