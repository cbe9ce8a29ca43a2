"""How often something may be tried: PostgreSQL counts, exactly, however many try at once.

allauth's own limiter counts in the cache under a lock that waiters poll, and cannot say how long
to wait. It is made to count here (accounts/rates.py), as the waitlist does.
"""

import hashlib
import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.http import HttpRequest

from accounts import client

KEY_LENGTH = 400


class Attempt(models.Model):
    """The latest tries of one kind by one visitor, account or address: never more than may be.

    The table is UNLOGGED: counting costs no write to the log, and a crash empties it.
    """

    key = models.CharField("what and who", primary_key=True, max_length=KEY_LENGTH)
    times: Any = ArrayField(models.DateTimeField(), help_text="The tries that count, in order.")
    until = models.DateTimeField("counted until")

    class Meta:
        ordering = ["-until"]
        indexes = [models.Index(fields=["until"], name="attempt_until")]

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class Try:
    """One try: counted at `time`; or refused, with `wait` seconds to go before the next.

    After one that counts, `left` more may come, and in `reset` seconds one more than that.
    """

    key: str
    amount: int
    time: datetime | None = None
    wait: int = 0
    left: int = 0
    reset: int = 0

    @property
    def headers(self) -> dict[str, str]:
        """What an API answers with a try that `count` returned, counted or refused.

        Three fields, as in the IETF's draft-ietf-httpapi-ratelimit-headers up to its version 06:
        what servers send and clients read most. Later drafts put all into one field, each in
        another syntax. Reset is in seconds, and never later than Retry-After.
        """
        headers = {
            "RateLimit-Limit": str(self.amount),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(self.wait or self.reset),
        }
        return headers | ({"Retry-After": str(self.wait)} if self.wait else {})

    def take_back(self) -> None:
        """Let this try not count, and no other: it was no failure."""
        with connection.cursor() as cursor:
            cursor.execute(TAKE_BACK, {"key": self.key, "time": self.time})


def count(kind: str, who: str, amount: int, seconds: int) -> Try:
    """Count a try, of which `who` has `amount` in any `seconds`; a refused one does not count.

    Inside a transaction that is rolled back it would not be counted either.
    """
    [one] = count_each(kind, [who], amount, seconds).values()
    return one


def count_each(kind: str, whos: Collection[str], amount: int, seconds: int) -> dict[str, Try]:
    """Count a try of each of them, as `count` does, in one statement; return the tries by `who`."""
    keys = {who: _key(kind, who, amount, seconds) for who in whos}
    tries = _count(keys.values(), amount, seconds)
    waits = _waits(keys.values() - tries.keys(), amount, seconds)
    tries |= {key: Try(key, amount, wait=max(wait, 1)) for key, wait in waits.items()}
    return {who: tries[key] for who, key in keys.items()}


def count_most(kind: str, who: str, amount: int, seconds: int, *, tries: int) -> tuple[int, int]:
    """Count as many of the tries as `who` has left.

    Return how many these are, and in how many seconds the next may come: 0 where all of them count.
    """
    key = _key(kind, who, amount, seconds)
    if not tries:
        return 0, 0
    if tries <= amount and _count([key], amount, seconds, tries):
        return tries, 0
    left = amount - _used(key, seconds)
    counted = left if left and _count([key], amount, seconds, left) else 0
    return counted, max(_waits([key], amount, seconds)[key], 1)


def look(kind: str, who: str, amount: int, seconds: int) -> Try:
    """Return whether `count` would refuse a try and for how long, without counting."""
    key = _key(kind, who, amount, seconds)
    return Try(key, amount, wait=_waits([key], amount, seconds)[key])


def forget(kind: str, who: str, amount: int, seconds: int) -> None:
    """Forget every try of this kind: whoever it is may try again at once."""
    Attempt.objects.filter(key=_key(kind, who, amount, seconds)).delete()


def visitor(request: HttpRequest) -> str:
    """Return what one visitor holds: an IPv4 address, or the /64 around an IPv6 address.

    Who comes over a Unix socket without a proxy's word shares one limit, as `::`.
    """
    address = ipaddress.ip_address(client.ip(request.META) or "::")
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)


def refuse(request: HttpRequest, wait: int) -> str:
    """Note that this request was one too many, and return the sentence that says so.

    Its answer will be a 429 (config.errors), whatever page it shows.
    """
    request.seconds_to_wait = max(wait, seconds_to_wait(request))  # type: ignore[attr-defined]
    return f"Too many attempts. Try again {when(wait)}."


def seconds_to_wait(request: HttpRequest) -> int:
    """Return how many seconds a refused request has to wait; 0 for one that was not refused."""
    return getattr(request, "seconds_to_wait", 0)


def when(seconds: int) -> str:
    """Return a wait in people's words: 'in 40 seconds', 'in 5 minutes', 'in 2 hours'."""
    number, unit = seconds, "second"
    for larger in ("minute", "hour"):
        if number > 60:
            number, unit = -(-number // 60), larger
    return f"in {number} {unit}{'s' if number > 1 else ''}"


def _key(kind: str, who: str, amount: int, seconds: int) -> str:
    if len(who) > 254 or not who.isprintable():  # nothing that people type
        who = hashlib.sha256(who.encode(errors="surrogatepass")).hexdigest()
    return f"{kind} {amount}/{seconds}s {who}"


def _count(keys: Collection[str], amount: int, seconds: int, tries: int = 1) -> dict[str, Try]:
    """Count so many tries of each key, all of them or none; return the last ones that count."""
    if not keys:
        return {}
    what: dict[str, Any] = {"keys": list(keys), "amount": amount, "seconds": seconds}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, what | {"tries": tries})
        return {
            key: Try(key, amount, time=time, left=amount - used, reset=reset)
            for key, time, used, reset in cursor.fetchall()
        }


def _waits(keys: Collection[str], amount: int, seconds: int) -> dict[str, int]:
    """Return in how many seconds each of them may be tried again; 0 is at once."""
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(WAIT, {"keys": list(keys), "amount": amount, "seconds": seconds})
        found = dict(cursor.fetchall())
    return {key: max(found.get(key) or 0, 0) for key in keys}


def _used(key: str, seconds: int) -> int:
    """Return how many tries count at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(USED, {"key": key, "seconds": seconds})
        return cursor.fetchone()[0]


# A refused try returns no row. Times are kept in order and never twice the same, so that each can
# be taken back alone; the clock is read while the row is locked. Of a row only the latest `amount`
# times matter: with the first of them out of the window, one more may come, and takes its place.
# The keys are sorted, so that two who count the same ones wait for each other in the same order.
# The first lines forget a few rows whose time is over; the last ones tell what is left.
COUNT = """
WITH forgotten AS (
    DELETE FROM accounts_attempt WHERE key IN (
        SELECT key FROM accounts_attempt
        WHERE until < statement_timestamp() AND key <> ALL(%(keys)s)
        ORDER BY until LIMIT 10 FOR UPDATE SKIP LOCKED
    )
), counted AS (
    INSERT INTO accounts_attempt AS known (key, times, until)
    SELECT key,
        ARRAY(
            SELECT clock_timestamp() + n * interval '1 us' FROM generate_series(1, %(tries)s) AS n
        ),
        clock_timestamp() + make_interval(secs => %(seconds)s)
    FROM unnest(%(keys)s) AS key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
        times = known.times[greatest(cardinality(known.times) + 1 + %(tries)s - %(amount)s, 1):]
            || ARRAY(
                SELECT greatest(clock_timestamp(), known.times[cardinality(known.times)])
                    + n * interval '1 us'
                FROM generate_series(1, %(tries)s) AS n
            ),
        until = clock_timestamp() + make_interval(secs => %(seconds)s)
    WHERE (
        known.times[cardinality(known.times) + %(tries)s - %(amount)s]
        > clock_timestamp() - make_interval(secs => %(seconds)s)
    ) IS NOT TRUE
    RETURNING key, times
)
SELECT key, times[cardinality(times)], used, reset FROM counted, LATERAL (
    SELECT count(*) AS used, least(%(seconds)s,
        ceil(extract(epoch FROM min(time) + make_interval(secs => %(seconds)s) - now))::int
    ) AS reset
    FROM unnest(times) AS time, clock_timestamp() AS now
    WHERE time > now - make_interval(secs => %(seconds)s) GROUP BY now
) AS in_the_window
"""
WAIT = """
SELECT key, ceil(extract(epoch FROM
    times[cardinality(times) + 1 - %(amount)s] + make_interval(secs => %(seconds)s)
    - clock_timestamp()))::int
FROM accounts_attempt WHERE key = ANY(%(keys)s)
"""
USED = """
SELECT count(*) FROM accounts_attempt, unnest(times) AS time
WHERE key = %(key)s AND time > clock_timestamp() - make_interval(secs => %(seconds)s)
"""
TAKE_BACK = """
UPDATE accounts_attempt SET times = array_remove(times, %(time)s::timestamptz) WHERE key = %(key)s
"""
