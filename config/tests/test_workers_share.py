"""What two workers, processes that know nothing of each other, count and remember together."""

import json
import subprocess
import sys
from urllib.parse import quote

import pytest
from django.db import connection

from config.env import BASE_DIR
from config.tests.processes import PRODUCTION
from config.tests.valkey import Valkey

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# Each does the same 48 times, in eight threads, once both are ready; and says how often it worked.
WORKER = """
import sys, django
from concurrent.futures import ThreadPoolExecutor
django.setup()
from django.core.cache import cache
from accounts.limits import count
from config import valkey
valkey.PATIENCE = 60  # a machine with other things to do is no outage
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(lambda n: bool({what}), range(48))))
"""
COUNT = 'not count("test", "ann", 20, 60).wait'
ADD = 'cache.add("code", 1, 60)'


@pytest.fixture
def valkey():
    with Valkey() as server:
        yield server


def two_workers(what, **variables):
    """How often each of two workers was let do it."""
    given = connection.settings_dict
    user, password = (quote(given[name], safe="") for name in ("USER", "PASSWORD"))
    url = f"postgres://{user}:{password}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
    settings = {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": url}
    settings["DATABASE_WAIT_SECONDS"] = "60"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER.format(what=what)],
            cwd=BASE_DIR,
            env=PRODUCTION | settings | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * 2
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    passed = [json.loads(worker.communicate(timeout=180)[0]) for worker in workers]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cache")  # the test's own end empties Django's tables alone
    return passed


def test_a_limit_counts_the_tries_at_every_worker_together():
    assert sum(two_workers(COUNT)) == 20


def test_a_limit_does_not_hang_on_the_cache(valkey):
    url = valkey.url()
    valkey.stop()
    assert sum(two_workers(COUNT, CACHE_URL=url)) == 20


def test_a_code_works_once_at_whichever_worker():
    assert sum(two_workers(ADD)) == 1


def test_a_code_works_once_at_whichever_worker_also_with_valkey(valkey):
    assert sum(two_workers(ADD, CACHE_URL=valkey.url())) == 1
