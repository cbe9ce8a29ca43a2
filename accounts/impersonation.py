"""Acting as somebody else: how the platform's admins see what a person sees.

The admin stays signed in. A second cookie holds the key of a second session, the person's, which
counts only beside the device that began it. With each request anew: that device is signed in, the
admin may still act as the person, the hour is not over.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.crypto import get_random_string
from django.views.decorators.http import require_POST

from accounts import client, emails
from accounts.events import Event
from accounts.models import Session, User
from accounts.roles import PlatformRole
from accounts.sessions import SessionStore, is_public, touch, vouches
from accounts.signin.reauthentication import require_fresh_sign_in
from accounts.verbs import Verb

DURATION = timedelta(hours=1)
REASON_LENGTH = 500
COOKIE = f"{settings.COOKIE_PREFIX}impersonation"
CLOSED = ("/account/", "/accounts/", "/admin/")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


type View = Callable[..., HttpResponse]


def can_impersonate(admin: User, person: User) -> bool:
    """Whether the admin may act as the person: an ordinary one, who may sign in themselves."""
    return admin.outranks(person) and person.role == PlatformRole.USER and person.may_act


def start(request: HttpRequest, person: User, *, reason: str) -> None:
    """Let the signed-in admin act as the person, from the next request on, for one hour.

    Another impersonation that this device began ends. Raises ValidationError for no reason or
    more than 500 characters, PermissionDenied if the admin may not or acts as somebody already,
    and what leads to 'Confirm that it is you' without a fresh sign-in.
    """
    require_fresh_sign_in(request)
    reason = reason.strip()
    if not 1 <= len(reason) <= REASON_LENGTH:
        raise ValidationError(f"Say why, in at most {REASON_LENGTH} characters.")
    own = cast("SessionStore", request.session)
    with transaction.atomic():
        admin, person = _held(request.user.pk, person.pk)
        device = _device(own, admin)
        if device is None or not can_impersonate(admin, person):
            raise PermissionDenied(f"Your role does not allow you to act as {person}.")
        key = get_random_string(32, VALID_KEY_CHARS)
        until = _begin(request, device, person, key).expire_date
        Event.record(
            Verb.IMPERSONATION_STARTED,
            by=admin,
            subject=person,
            until=until.isoformat(),
            personal={"reason": reason},
        )
        _log(admin, person, "Began to act as this person")
        if settings.IMPERSONATION_NOTICE:
            emails.impersonation_started(person, admin, until)
    own.impersonation_key = key
    rotate_token(request)


def stop(request: HttpRequest) -> None:
    """Go on as the admin alone; does nothing if nobody acts as somebody else."""
    acting = request.session
    if not isinstance(acting, ImpersonationStore) or acting.row is None:
        return
    person, admin = cast("User", acting.row.user), cast("User", acting.row.impersonated_by)
    request.session, request.user = acting.own, admin
    with transaction.atomic():
        ended, _ = Session.objects.filter(pk=acting.row.pk).delete()
        if ended:  # and not by another tab
            Event.record(Verb.IMPERSONATION_STOPPED, by=admin, subject=person)
            _log(admin, person, "Stopped acting as this person")
            if settings.IMPERSONATION_NOTICE:
                emails.impersonation_stopped(person, admin)
    rotate_token(request)


def theirs_alone(view: View) -> View:
    """Close the view while somebody acts as this person: what it does is a word of their own."""

    @wraps(view)
    def closed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if isinstance(request.session, ImpersonationStore):
            return _closed(request)
        return view(request, *args, **kwargs)

    return closed


@require_POST
def impersonation_stop(request: HttpRequest) -> HttpResponse:
    """The button of the banner: leads back to the person's page in the admin."""
    person_id = request.user.pk
    if not request.session.impersonator_id:  # type: ignore[attr-defined]
        return redirect("landing")
    stop(request)
    return redirect("admin:accounts_user_change", person_id)


class ImpersonationStore(SessionStore):
    """The session of the second cookie."""

    def __init__(self, session_key: str, own: SessionStore) -> None:
        super().__init__(session_key)
        self.own = own  # the admin's session, of the first cookie

    def load(self) -> dict[str, Any]:
        data = super().load()
        if self.is_unread:
            return data
        if self.row is None or not _is_allowed(self.row):
            self._session_key = self.user = None
            return {}
        self.impersonator_id = self.row.impersonated_by_id
        return data

    def _rows(self) -> QuerySet[Session]:
        return Session.objects.select_related("user", "impersonated_by", "parent").filter(
            session_key=self.hash,
            expire_date__gt=timezone.now(),
            parent__session_key=self.own.hash,
            parent__user=F("impersonated_by"),
            parent__expire_date__gt=timezone.now(),
        )


class ImpersonationMiddleware:
    """Puts the person's session in the place of the admin's, and closes what is not for others.

    It stands behind CsrfViewMiddleware: a forged request ends nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        own = cast("SessionStore", request.session)
        key = request.COOKIES.get(COOKIE)
        if key and (acting := _acting(request, key, own)):
            request.session = acting
            request.impersonation = acting.row  # type: ignore[attr-defined]  # for the banner
        response = self.get_response(request)
        session = request.session
        if isinstance(session, ImpersonationStore):
            request.session = own  # which SessionMiddleware saves
            _finish(session, response)
        if own.impersonation_key:
            _set_cookie(response, own.impersonation_key)
        elif key and (session.is_empty() or not isinstance(session, ImpersonationStore)):
            response.delete_cookie(COOKIE, samesite="Lax")
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        name = request.resolver_match.view_name  # type: ignore[union-attr]
        if name == "account_logout" and request.method == "POST":
            stop(request)
        if name in ("account_logout", "accounts:impersonation_stop"):
            return None
        if isinstance(request.session, ImpersonationStore):
            if request.path_info.startswith(CLOSED):
                return _closed(request)
        elif COOKIE in request.COOKIES and request.method not in SAFE_METHODS:
            # Sent as the person, it would be done as the admin.
            return render(request, "accounts/impersonation_over.html", status=403)
        return None


def _acting(request: HttpRequest, key: str, own: SessionStore) -> ImpersonationStore | None:
    """Return the session of the cookie; None if it is over.

    On a public page it stays unread while the database is away. It is read before Django finds the
    view, so we look for it here.
    """
    acting = ImpersonationStore(key, own)
    with suppress(Resolver404):
        acting.may_stay_unread = is_public(request, resolve(request.path_info).view_name)
    return acting if acting.get(SESSION_KEY) or acting.is_unread else None


def _closed(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/impersonation_closed.html", status=403)


def _held(*ids: Any) -> list[User]:
    """Return these people as they are now, which they stay until the transaction's end."""
    people = User.objects.select_for_update(no_key=True).order_by("pk").in_bulk(ids)
    if len(people) < len(ids):
        raise PermissionDenied("Nobody acts as themselves, or as somebody who is gone.")
    return [people[pk] for pk in ids]


def _device(own: SessionStore, admin: User) -> Session | None:
    """Return the device the admin works on, which is not signed out before the transaction ends."""
    rows = admin.sessions.filter(session_key=own.hash, impersonated_by=None)
    return rows.select_for_update().first()


def _begin(request: HttpRequest, device: Session, person: User, key: str) -> Session:
    """Return the one session that acts as the person from this device.

    Nobody signs in: the person's last sign-in stays what it was, and no email speaks of one.
    """
    until = timezone.now() + DURATION
    data = {
        SESSION_KEY: str(person.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: person.get_session_auth_hash(),
        "_session_expiry": until.isoformat(),
    }
    Session.objects.filter(parent=device).delete()
    return Session.objects.create(
        session_key=Session.hash_of(key),
        session_data=SessionStore().encode(data),
        expire_date=until,
        user=person,
        impersonated_by=device.user,
        parent=device,
        ip=client.ip(request.META),
        user_agent=client.user_agent(request.META),
    )


def _is_allowed(row: Session) -> bool:
    """Whether the admin may still act as the person, and their device is not signed out."""
    admin, device = cast("User", row.impersonated_by), cast("Session", row.parent)
    signed = SessionStore().decode(device.session_data).get(HASH_SESSION_KEY, "")
    return vouches(admin, signed) and can_impersonate(admin, cast("User", row.user))


def _finish(acting: ImpersonationStore, response: HttpResponse) -> None:
    """Do for this session what SessionMiddleware does for the other one."""
    if acting.row:
        acting.own.user = acting.row.impersonated_by  # who the log names
    patch_cache_control(response, private=True, no_store=True)
    patch_vary_headers(response, ["Cookie"])
    if acting.is_unread or acting.is_empty() or response.status_code >= 500:
        return
    if not acting.modified:
        touch(acting)
        return
    try:
        acting.save()
    except UpdateError:
        raise SessionInterrupted("The impersonation ended meanwhile.") from None


def _set_cookie(response: HttpResponse, key: str) -> None:
    """Without an age: after the hour the browser still sends it, and we can say that it is over."""
    response.set_cookie(
        COOKIE, key, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


def _log(admin: User, person: User, message: str) -> None:
    LogEntry.objects.log_actions(admin.pk, [person], CHANGE, message)
