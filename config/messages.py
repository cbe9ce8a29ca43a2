"""One-time messages travel in a cookie: no statement is spent on them."""

from django.conf import settings
from django.contrib.messages.storage import cookie


class CookieStorage(cookie.CookieStorage):
    """Django's cookie storage under our cookie prefix."""

    cookie_name = f"{settings.COOKIE_PREFIX}messages"
