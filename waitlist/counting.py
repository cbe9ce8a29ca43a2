"""How many are on the list, as the public may know it: about how many, and never who.

Counted is who joined and has not unsubscribed, whether or not they were invited since.
"""

from typing import Any

from django.core.cache import cache

from accounts.browsing.counting import counted
from waitlist.models import Entry

STEP = 5  # nobody finds out by one more whether an address was new
LEAST = 10  # below it, none are told
KEPT = 60  # seconds


def about() -> int:
    """Return the number of entries, rounded down to fives, as it was a minute ago or later."""
    number: Any = cache.get_or_set("waitlist-count", _rounded, KEPT)
    return number


def _rounded() -> int:
    number = counted(Entry.objects.filter(unsubscribed=None), even_if_dear=True)
    return number - number % STEP if number >= LEAST else 0
