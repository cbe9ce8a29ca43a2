"""Who may sign up with which address: a pass that an invitation or the waitlist gives a visitor.

Unless SIGNUP_MODE is 'open', nobody signs up without one. Whoever holds a pass signs up with its
address alone, and needs no code by email, because only the mailbox's owner could open the link that
led here.
"""

import time

from django.conf import settings
from django.http import HttpRequest

from accounts.models import User

ADMISSION = "signup_pass"
ADMISSION_SECONDS = 60 * 60


def is_open(request: HttpRequest) -> bool:
    """Whether this visitor may sign up: anybody may, or they hold a pass."""
    return settings.SIGNUP_MODE == "open" or admitted(request) is not None


def admit(request: HttpRequest, email: str) -> None:
    """Let this visitor sign up with `email`, and no other address, for the next hour.

    Call it only after they opened a valid link that went to that address alone. A later call
    replaces the earlier pass.
    """
    request.session[ADMISSION] = {
        "email": User.objects.normalize_email(email),
        "until": time.time() + ADMISSION_SECONDS,
    }


def admitted(request: HttpRequest) -> str | None:
    """Return the address of this visitor's pass, or None without a valid one."""
    held = request.session.get(ADMISSION)
    return held["email"] if held and held["until"] > time.time() else None


def use_pass(request: HttpRequest) -> str | None:
    """Take the pass away and return its address, or None without a valid one."""
    email = admitted(request)
    request.session.pop(ADMISSION, None)
    return email
