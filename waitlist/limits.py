"""How often one visitor may join: WAITLIST_RATE, by the form and the API together."""

from django.conf import settings
from django.http import HttpRequest

from accounts import limits


def seconds_to_wait(request: HttpRequest) -> int:
    """Count this try; return 0 if it may go on, else the seconds until the next one may."""
    return limits.count("waitlist", limits.visitor(request), *settings.WAITLIST_RATE).wait
