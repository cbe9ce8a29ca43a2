"""Whose pages may ask: ours alone, or those of named origins as well (CORS).

There is no CSRF token. A browser tells the Origin of the page with every POST, and a page of
another site can send JSON only after the browser has asked by OPTIONS whether it may. No answer
allows credentials: a page elsewhere gets what anybody gets.
"""

from collections.abc import Callable, Collection
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config.api.methods import View
from config.errors import json_error

MAX_AGE = 60 * 60  # seconds, for which a browser need not ask again
EXPOSED = "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-ID"


def ours_alone(view: View) -> View:
    """Refuse pages of other sites."""
    return open_to(lambda: ())(view)


def open_to(named: Callable[[], Collection[str]]) -> Callable[[View], View]:
    """Refuse pages of other sites but those of the named origins, which can read every answer.

    Also what the view cannot answer itself: `config.errors` finds the headers at the request.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest) -> HttpResponse:
            shared = request.headers.get("Origin") in named()
            headers = {"Vary": "Origin"} | (_shared_with(request) if shared else {})
            request.api_headers = headers  # type: ignore[attr-defined]
            response = view(request) if shared or _comes_from_here(request) else _refusal()
            for name, value in headers.items():
                response[name] = value
            return response

        return answer

    return decorate


def _shared_with(request: HttpRequest) -> dict[str, str]:
    """Return the headers that let this request's page read the answer, and send the next one."""
    headers = {
        "Access-Control-Allow-Origin": request.headers["Origin"],
        "Access-Control-Expose-Headers": EXPOSED,
    }
    if request.method == "OPTIONS":
        headers |= {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "content-type",
            "Access-Control-Max-Age": str(MAX_AGE),
        }
    return headers


def _comes_from_here(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin")
    if origin is None:  # no browser, or one that shows no page
        return True
    here = f"{request.scheme}://{request.get_host()}"
    return origin in (here, *settings.CSRF_TRUSTED_ORIGINS)


def _refusal() -> HttpResponse:
    return json_error(403, "Requests from pages of other sites are not accepted.")
