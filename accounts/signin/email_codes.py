"""Codes by email: a new one lives as long as the first, and one that is over is told so."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.internal.flows.email_verification_by_code import (
    EMAIL_VERIFICATION_CODE_SESSION_KEY,
)
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

OVER = "This code no longer works: it was used, or it is too old. Ask for a new one."


def tell_when_over(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Wrap a view that takes a code, which allauth sends away from without a word."""

    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        resends, said = _resends(request), len(messages.get_messages(request))
        response = view(request, *args, **kwargs)
        if _resends(request) > resends:
            _renew(request)
        if _is_sent_away(request, response) and len(messages.get_messages(request)) == said:
            messages.error(request, OVER)
        return response

    return told


def send_confirmation(request: HttpRequest, address: EmailAddress, *, then: str) -> HttpResponse:
    """Send a signed-in person the code that confirms their address; it leads on to `then`."""
    send_verification_email_to_address(request, address)
    return redirect(reverse("account_email_verification_sent", query={"next": then}))


def mailbox(request: HttpRequest) -> str:
    """Return the address to which the code went that this browser is asked for, or ''."""
    return next((state["email"] for state in _states(request)), "")


def _is_sent_away(request: HttpRequest, response: HttpResponse) -> bool:
    ways_back = [reverse("account_login"), reverse("account_request_login_code")]
    return request.method == "POST" and response.headers.get("Location") in ways_back


def _states(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what allauth keeps in the session for each code that is on its way."""
    login = request.session.get(LOGIN_SESSION_KEY) or {"state": {}}
    sign_in = login["state"].get("stages", {}).get("login_by_code", {}).get("data")
    confirmation = request.session.get(EMAIL_VERIFICATION_CODE_SESSION_KEY)
    return [state for state in (sign_in, confirmation) if state]


def _resends(request: HttpRequest) -> int:
    # Counted, not told by the code: there is none where no account is.
    return sum(state["resend_count"] for state in _states(request))


def _renew(request: HttpRequest) -> None:
    for state in _states(request):
        state["at"] = time.time()
    request.session.modified = True
