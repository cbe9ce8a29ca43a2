"""How many are on the list, as the public may know it: about how many, and never who.

Counted is who joined and has not unsubscribed, whether or not they were invited since. With
WAITLIST_CONFIRM it is who confirmed, which nobody does for another: without it, whoever brings the
number just below a step with addresses of their own sees by one more whether that was new.
"""

from django.conf import settings
from django.db.models import Q

from accounts.browsing.counting import counted
from accounts.recent import recent
from waitlist.models import Entry

STEP = 5
LEAST = 10  # below it, none are told


def about() -> int:
    """Return the number of entries, rounded down to fives, as it was a minute ago or later."""
    return recent("waitlist-count", _rounded)


def _rounded() -> int:
    rows = Entry.objects.filter(unsubscribed=None)
    if settings.WAITLIST_CONFIRM:
        # Not who has an account either: that shows as soon as anybody types their address.
        rows = rows.filter(Q(confirmed__isnull=False) | Q(invited__isnull=False))
    number = counted(rows, even_if_dear=True)
    return number - number % STEP if number >= LEAST else 0
