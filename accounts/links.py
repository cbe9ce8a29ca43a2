"""The links in emails."""

from allauth.core import context
from django.conf import settings


def site() -> str:
    """Return where the site is, as 'https://example.com'.

    A deployed one is where SITE_URL says: whoever asks for an email may name another host or port
    in the request. In development links lead to where somebody is at the moment, such as
    localhost, to which their passkeys belong.
    """
    if settings.DEPLOYED or context.request is None:
        return settings.SITE_URL
    return f"{context.request.scheme}://{context.request.get_host()}"


def absolute(path: str) -> str:
    """Return the whole address of a path of ours, which begins with a slash."""
    return f"{site()}{path}"
