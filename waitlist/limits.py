"""How often one visitor may join, and how often one address is written to."""

from django.conf import settings
from django.http import HttpRequest

from accounts import limits
from accounts.addresses import mailbox

CONFIRMATIONS = (3, 24 * 60 * 60)  # emails to one mailbox, in so many seconds


def count(request: HttpRequest) -> limits.Try:
    """Count this try to join, by the form and the API together, or refuse it: see its `wait`."""
    return limits.count("waitlist", limits.visitor(request), *settings.WAITLIST_RATE)


def may_ask_to_confirm(email: str) -> bool:
    """Count an email to this mailbox, and return whether it may be sent.

    When an entry is erased, waitlist/migrations/0004_entries_go_whole.py looks for these counts.
    """
    return not limits.count("waitlist_mail", mailbox(email), *CONFIRMATIONS).wait
