"""Dates are shown in the time zone of the signed-in person, and in UTC to a visitor.

The format letter T says which one it is; an email to somebody else takes the filter `utc`.
"""

from typing import Any

from django.contrib.auth import middleware
from django.contrib.auth.middleware import get_user
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts import time_zones


class AuthenticationMiddleware(middleware.AuthenticationMiddleware):
    """Django's; and as soon as a request knows its person, dates are in their time zone.

    A request that never asks who is there spends nothing on it.
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        timezone.deactivate()  # the thread's last request was somebody else's
        request.user = SimpleLazyObject(  # type: ignore[assignment]
            lambda: _in_own_zone(_person(request))
        )


def _person(request: HttpRequest) -> Any:
    request.session.sign_anew()  # type: ignore[attr-defined]
    return get_user(request)


def _in_own_zone(person: Any) -> Any:
    if person.is_authenticated and person.time_zone in time_zones.known():
        timezone.activate(person.time_zone)
    return person
