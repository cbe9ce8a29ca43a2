"""The devices a person is signed in on: which they are, and signing them out."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.events import Event
from accounts.models import Session, User
from accounts.pages import page_of
from accounts.sessions import SessionStore
from accounts.verbs import Verb

# What a User-Agent header holds, and what people call it. The first that fits counts: Edge also
# calls itself Chrome, and Chrome Safari.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Vivaldi": "Vivaldi",
    "DuckDuckGo": "DuckDuckGo",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "Linux": "Linux",
}


class DeviceRequest(HttpRequest):
    """What these views get: a person's own session, never one in which somebody acts as them."""

    user: User
    session: SessionStore


def describe(user_agent: str) -> str:
    """Return a device in people's words, as far as it tells: 'Firefox on Windows'."""
    browser = _first(BROWSERS, user_agent) or "Unknown browser"
    system = _first(SYSTEMS, user_agent)
    return f"{browser} on {system}" if system else browser


@login_required
def session_list(request: DeviceRequest) -> HttpResponse:
    page = page_of(
        _others(request).values("id", "user_agent", "ip", "created", "last_seen"),
        request.GET,
        within=("user_id", request.user.pk),
        newest_first=True,
    )
    for row in page.rows:
        row["name"] = describe(row["user_agent"])
    this: dict[str, Any] = {"session": request.session.row, "name": _name(request.session.row)}
    return render(request, "accounts/session_list.html", {"page": page, "this": this})


@require_POST
@login_required
def session_end(request: DeviceRequest, pk: UUID) -> HttpResponse:
    """Sign out one other device."""
    session = _others(request).filter(pk=pk).first()
    if session is None:
        raise Http404("No such device.")
    with transaction.atomic():
        session.delete()
        Event.record(Verb.SESSION_REVOKED, by=request.user)
    messages.success(request, f"{_name(session)} is signed out.")
    return redirect("accounts:session_list")


@require_POST
@login_required
def sessions_end(request: DeviceRequest) -> HttpResponse:
    """Sign out every device but this one."""
    with transaction.atomic():
        request.user.sign_out_everywhere(but=request.session)
        Event.record(Verb.SESSIONS_REVOKED, by=request.user)
    messages.success(request, "Every other device is signed out.")
    return redirect("accounts:session_list")


def _others(request: DeviceRequest) -> QuerySet[Session]:
    others = request.user.sessions.filter(impersonated_by=None)
    return others.exclude(session_key=request.session.hash)


def _name(session: Session | None) -> str:
    return describe(cast("Session", session).user_agent)


def _first(names: dict[str, str], user_agent: str) -> str:
    return next((name for sign, name in names.items() if sign in user_agent), "")
