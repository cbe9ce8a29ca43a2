"""How many are on the list, as the public may know it: about how many, and never who.

Counted is who joined and has not unsubscribed, whether or not they were invited since.
"""

import json
from typing import Any

from django.core.cache import cache

from waitlist.models import Entry

STEP = 5  # nobody finds out by one more whether an address was new
LEAST = 10  # below it, none are told
KEPT = 60  # seconds
EXACT = 100_000  # entries; of more, PostgreSQL's estimate is near enough, and takes no time


def about() -> int:
    """Return the number of entries, rounded down to fives, as it was a minute ago or later."""
    number: Any = cache.get_or_set("waitlist-count", _rounded, KEPT)
    return number


def _rounded() -> int:
    number = _count()
    return number - number % STEP if number >= LEAST else 0


def _count() -> int:
    entries = Entry.objects.filter(unsubscribed=None).order_by()
    counted = entries.values("pk")[: EXACT + 1].count()
    if counted <= EXACT:
        return counted
    [plan] = json.loads(entries.explain(format="json"))
    return max(counted, plan["Plan"]["Plan Rows"])
