"""What every template may know."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the product's name, and who may sign up, as the settings have them.

    And whether nobody knows who is signed in: to ask the session itself for that, as a template
    does, would read it.
    """
    return {
        "site_name": settings.SITE_NAME,
        "signup_mode": settings.SIGNUP_MODE,
        "is_session_unread": lambda: getattr(getattr(request, "session", None), "is_unread", False),
    }
