"""A fresh sign-in: what changes an account is done by who showed a moment ago that it is them.

A change that comes later waits in the session while the person confirms it, and then goes on as if
it had just been sent: nothing typed is lost. What waits for a sign-in goes on in the same way.
"""

import secrets
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.signals import authentication_step_completed
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.datastructures import MultiValueDict
from django.utils.http import urlencode

type Page = Callable[..., HttpResponseBase]

CONFIRMED_AT = "confirmed_at"
SUSPENDED = "suspended_change"
MARK = "confirmed"  # in the address of a change that goes on


def is_fresh(request: HttpRequest) -> bool:
    """Whether this person signed in, or confirmed that it is them, at most 10 minutes ago.

    Never while somebody else acts as them.
    """
    if not request.user.is_authenticated or _is_impersonated(request):
        return False
    age = time.time() - request.session.get(CONFIRMED_AT, 0)
    return age <= settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def require_fresh_sign_in(request: HttpRequest) -> None:
    """Do nothing for a fresh sign-in; raise what leads to 'Confirm that it is you' otherwise.

    Raises PermissionDenied while somebody else acts as this person: no way leads on.
    """
    if _is_impersonated(request):
        raise PermissionDenied
    if not is_fresh(request):
        raise ReauthenticationRequired


def fresh_sign_in_required(view: Page) -> Page:
    """Open the view to a fresh sign-in alone."""

    @wraps(view)
    def fresh(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        require_fresh_sign_in(request)
        return view(request, *args, **kwargs)

    return fresh


def suspend(request: HttpRequest, url: str = "", *, until_fresh: bool = False) -> str:
    """Keep what was sent, files apart; return the address at which it goes on, for `next`.

    It goes on as a POST to `url`, by default to where it was sent; with `until_fresh` not before
    the sign-in is fresh. The view then judges anew who is signed in.
    """
    url = url or request.get_full_path()
    if request.method != "POST":
        return url
    url += f"{'&' if '?' in url else '?'}{MARK}={secrets.token_urlsafe(16)}"
    form = request.POST.urlencode()
    request.session[SUSPENDED] = {"url": url, "form": form, "until_fresh": until_fresh}
    return url


class ReauthenticationMiddleware:
    """Sends to 'Confirm that it is you' who needs a fresh sign-in, and afterwards lets them go on.

    allauth would keep the whole request in the session, cookies included, and forget what was
    typed where the address has a query.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if f"{MARK}=" in request.META["QUERY_STRING"] and request.method == "GET":
            _resume(request)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, ReauthenticationRequired):
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        [way, *_] = get_adapter().get_reauthentication_methods(request.user)
        onward = suspend(request, until_fresh=True)
        return redirect(f"{way['url']}?{urlencode({REDIRECT_FIELD_NAME: onward})}")


def _is_impersonated(request: HttpRequest) -> bool:
    return bool(request.session.impersonator_id)  # type: ignore[attr-defined]


def _resume(request: HttpRequest) -> None:
    """Turn the GET that follows a sign-in, or a confirmation, into the POST that waited, once."""
    held = request.session.get(SUSPENDED)
    if not held or held["url"] != request.get_full_path():
        return
    if held["until_fresh"] and not is_fresh(request):
        return
    del request.session[SUSPENDED]
    request.method = "POST"
    request.POST = QueryDict(held["form"])
    request._files = MultiValueDict()  # type: ignore[attr-defined]
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # held to it when sent


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, **kwargs: Any) -> None:
    request.session[CONFIRMED_AT] = time.time()


@receiver(authentication_step_completed)
def _confirmed(request: HttpRequest, reauthenticated: bool = False, **kwargs: Any) -> None:
    if reauthenticated:
        request.session[CONFIRMED_AT] = time.time()
