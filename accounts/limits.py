"""How often something may be tried: PostgreSQL counts, exactly, however many try at once.

allauth's own limiter counts in the cache under a lock that waiters poll, and cannot say how long
to wait. It is made to count here (accounts/rates.py), as the waitlist does.
"""

import hashlib
import ipaddress
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
    """One try: counted at `time`; or refused, with `wait` seconds to go before the next."""

    key: str
    time: datetime | None = None
    wait: int = 0

    def take_back(self) -> None:
        """Let this try not count, and no other: it was no failure."""
        with connection.cursor() as cursor:
            cursor.execute(TAKE_BACK, {"key": self.key, "time": self.time})


def count(kind: str, who: str, amount: int, seconds: int) -> Try:
    """Count a try, of which `who` has `amount` in any `seconds`; a refused one does not count.

    Inside a transaction that is rolled back it would not be counted either.
    """
    limit = _limit(kind, who, amount, seconds)
    with connection.cursor() as cursor:
        cursor.execute(COUNT, limit)
        if row := cursor.fetchone():
            return Try(limit["key"], time=row[0])
    refused = look(kind, who, amount, seconds)
    return Try(refused.key, wait=max(refused.wait, 1))


def look(kind: str, who: str, amount: int, seconds: int) -> Try:
    """Return what `count` would, without counting."""
    limit = _limit(kind, who, amount, seconds)
    with connection.cursor() as cursor:
        cursor.execute(WAIT, limit)
        row = cursor.fetchone()
    return Try(limit["key"], wait=max(row[0] or 0, 0) if row else 0)


def forget(kind: str, who: str, amount: int, seconds: int) -> None:
    """Forget every try of this kind: whoever it is may try again at once."""
    Attempt.objects.filter(key=_limit(kind, who, amount, seconds)["key"]).delete()


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


def _limit(kind: str, who: str, amount: int, seconds: int) -> dict[str, Any]:
    if len(who) > 254 or not who.isprintable():  # nothing that people type
        who = hashlib.sha256(who.encode(errors="surrogatepass")).hexdigest()
    return {"key": f"{kind} {amount}/{seconds}s {who}", "amount": amount, "seconds": seconds}


# A refused try returns no row. Times are kept in order and never twice the same, so that each can
# be taken back alone; the clock is read while the row is locked. Of a row only the latest `amount`
# times matter: with the first of them out of the window, one more may come, and takes its place.
# The first lines forget a few rows whose time is over.
COUNT = """
WITH forgotten AS (
    DELETE FROM accounts_attempt WHERE key IN (
        SELECT key FROM accounts_attempt WHERE until < statement_timestamp() AND key <> %(key)s
        ORDER BY until LIMIT 10 FOR UPDATE SKIP LOCKED
    )
)
INSERT INTO accounts_attempt AS known (key, times, until)
VALUES (%(key)s, ARRAY[clock_timestamp()], clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (key) DO UPDATE SET
    times = known.times[greatest(cardinality(known.times) + 2 - %(amount)s, 1):]
        || greatest(clock_timestamp(), known.times[cardinality(known.times)] + interval '1 us'),
    until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE (
    known.times[cardinality(known.times) + 1 - %(amount)s]
    > clock_timestamp() - make_interval(secs => %(seconds)s)
) IS NOT TRUE
RETURNING times[cardinality(times)]
"""
WAIT = """
SELECT ceil(extract(epoch FROM
    times[cardinality(times) + 1 - %(amount)s] + make_interval(secs => %(seconds)s)
    - clock_timestamp()))::int
FROM accounts_attempt WHERE key = %(key)s
"""
TAKE_BACK = """
UPDATE accounts_attempt SET times = array_remove(times, %(time)s::timestamptz) WHERE key = %(key)s
"""
