"""How often one visitor may join, and how often one address is written to."""

from django.conf import settings
from django.http import HttpRequest

from accounts import limits
from accounts.addresses import mailbox

DAY = 24 * 60 * 60  # seconds
CONFIRMATIONS = (3, DAY)  # emails to one mailbox, in so many seconds
AFTER_LEAVING = (1, 7 * DAY)  # who unsubscribed is asked once, by a link that works as long


def count(request: HttpRequest) -> limits.Try:
    """Count this try to join, by the form and the API together, or refuse it: see its `wait`."""
    return limits.count("waitlist", limits.visitor(request), *settings.WAITLIST_RATE)


def may_ask_to_confirm(email: str, *, unsubscribed: bool) -> bool:
    """Count an email to this mailbox, and return whether it may be sent.

    When an entry is erased, waitlist/migrations/0004_entries_go_whole.py looks for these counts.
    """
    rate = AFTER_LEAVING if unsubscribed else CONFIRMATIONS
    return not limits.count("waitlist_mail", mailbox(email), *rate).wait
