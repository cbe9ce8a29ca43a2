"""What of a setting's value may be shown: all of it, but for secrets."""

import re
from collections.abc import ItemsView
from types import FrameType
from typing import Any
from urllib.parse import unquote

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

MASK = "********"
SECRET = re.compile(r"SECRET|TOKEN|PASSWORD$|(^|_)KEY|CREDENTIAL", re.IGNORECASE)
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
NO_PORT = re.compile(r"[^/?#\[]*:(?!\d*([/?#,]|$))")
PARAMETER = re.compile(r"([?&#;])([^=&#;]*)=([^&#;]*)")


def masked(name: str, value: str) -> str:
    """Return the variable's value on one line, masked where its name or the value is a secret's."""
    if value and SECRET.search(name):
        return MASK
    if name.endswith("_URL") or "://" in value:
        value = _without_password(value)
    return value if value.isprintable() else repr(value)


class DebugPage(SafeExceptionReporterFilter):
    """Django's, which knows no URLs: it would show DATABASE_URL with all of the environment."""

    def cleanse_setting(self, key: int | str, value: Any) -> Any:
        cleansed = super().cleanse_setting(key, value)
        return masked(str(key), cleansed) if isinstance(cleansed, str) else cleansed

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        found = super().get_traceback_frame_variables(request, tb_frame)
        cleansed = {
            name: self.cleanse_setting("", value) if isinstance(value, str | dict) else value
            for name, value in found
        }
        return cleansed.items()


def _without_password(url: str) -> str:
    """Mask what a URL has between the user and the last @, and parameters with a secret's name.

    Too much rather than too little: a password may hold what ends it in a URL that is well-formed.
    """
    scheme, _, rest = url.partition("://")
    if not SCHEME.fullmatch(scheme) or not rest:
        return MASK if url else ""
    before, at, host = rest.rpartition("@")
    if not at and NO_PORT.match(rest):  # whose host was forgotten, or whose @ is written %40
        return f"{scheme}://{MASK}"
    user, colon, _ = before.partition(":")
    rest = user + (colon and f":{MASK}") + at + host
    return f"{scheme}://{PARAMETER.sub(_parameter, rest)}"


def _parameter(found: re.Match[str]) -> str:
    before, name, value = found.groups()
    return f"{before}{name}={MASK if SECRET.search(unquote(name)) else value}"
