"""The database restarts, falls silent, is full, takes no writes: what people see of it, and when
the site is back. Real servers, under load; the bounds are promises, the figures smaller."""

import time

import pytest

from config.tests.served import Hole, Load, Site

pytestmark = pytest.mark.slow

PAGE = "/o/acme/members/"


def test_a_restart_under_load_costs_two_requests_at_most(migrated, record_property):
    with Site(migrated.url()) as site, Load(site, PAGE, migrated.alice) as load:
        began = time.monotonic()
        migrated.restart()
        back = time.monotonic()
        load.go_on(100)
    record_property(
        "restart",
        f"{load.summary}; down {back - began:.2f} s, longest {max(a.seconds for a in load.answers):.2f} s",
    )
    assert len(load.failures) <= 2
    assert max(answer.seconds for answer in load.answers) < 2 + back - began


def test_a_database_that_swallows_everything(migrated, record_property):
    with (
        Hole(migrated.port) as hole,
        Site(migrated.url().replace(str(migrated.port), str(hole.port))) as site,
        Load(site, PAGE, migrated.alice) as load,
    ):
        seen = []
        with hole.swallowing():
            began = time.monotonic()
            while time.monotonic() < began + 10:
                seen += [
                    site.get("/health/live"),
                    site.get("/waitlist/"),
                    site.get("/health/ready"),
                ]
                time.sleep(0.2)
        over = time.monotonic()
        load.go_on(100)
        print(
            load.summary,
            "longest",
            max(a.seconds for a in load.answers),
            "last failed after",
            load.seconds_away(over),
        )
        print("longest failed", sorted(round(a.seconds, 2) for a in load.failures))
        print(
            "live",
            max(a.seconds for a in seen[::3]),
            "public",
            sorted(round(a.seconds, 2) for a in seen[1::3]),
            "ready",
            max(a.seconds for a in seen[2::3]),
            {a.status for a in seen[2::3]},
        )
        print(
            "back: first good after",
            min(a.began + a.seconds - over for a in load.good if a.began + a.seconds > over),
        )
        open("/tmp/site.log", "w").write(site.log)
