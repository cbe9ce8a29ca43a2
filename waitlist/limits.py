"""How often one visitor may join: WAITLIST_RATE, by the form and the API together."""

from django.conf import settings
from django.http import HttpRequest

from accounts import limits


def count(request: HttpRequest) -> limits.Try:
    """Count this try to join, or refuse it: then it says how long to `wait`."""
    return limits.count("waitlist", limits.visitor(request), *settings.WAITLIST_RATE)
