"""Which browsers a person has signed in with. A new one is told to them by email.

A cookie remembers it in the browser alone: there is no list of devices to leak, and who clears
their cookies gets one more email.
"""

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.claims import owner_of
from accounts.models import User

COOKIE = f"{settings.COOKIE_PREFIX}device"
AGE = 365 * 24 * 60 * 60  # seconds
MARK_LENGTH = 64  # characters
PEOPLE = 10  # that one browser remembers


def greet(request: HttpRequest, response: HttpResponse, person: User, *, is_new: bool) -> None:
    """Mail the person if this browser is unknown to them, and remember it for a year.

    `is_new` is for a person who just signed up: each device is unknown to them.
    """
    if not is_new and not _is_known(request, person):
        get_adapter().send_notification_mail("account/email/new_device", person)
    mine, *older = [_mark(person, key) for key in _keys()]
    others = [mark for mark in _marks(request) if mark not in (mine, *older)]
    response.set_cookie(
        COOKIE,
        ".".join([mine, *others][:PEOPLE]),
        max_age=AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def counted_as(request: HttpRequest, email: str) -> str:
    """Return what tries to sign in with this address are counted by: the account's address.

    Those of the browsers its owner has signed in with are counted apart, so that no stranger who
    keeps trying keeps them out ('device cookies', OWASP: Slow down online guessing attacks).
    """
    owner = owner_of(email)
    if owner is None:
        return email
    return f"{owner.email} in a known browser" if _is_known(request, owner) else owner.email


def _is_known(request: HttpRequest, person: User) -> bool:
    mine = [_mark(person, key) for key in _keys()]
    return any(constant_time_compare(a, b) for a in _marks(request) for b in mine)


def _marks(request: HttpRequest) -> list[str]:
    marks = request.COOKIES.get(COOKIE, "").split(".")
    return [mark for mark in marks if len(mark) == MARK_LENGTH][:PEOPLE]


def _mark(person: User, key: str) -> str:
    """Return what only we can write, and what tells nobody who the person is."""
    salt = "accounts.signin.known_devices"
    return salted_hmac(salt, str(person.pk), secret=key, algorithm="sha256").hexdigest()


def _keys() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
