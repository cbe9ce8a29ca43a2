"""SESSION_ENGINE: a session is a row of accounts.Session, read with its user in one statement.

Nothing is written on a read, but when the device was last seen, once a minute, and once a day
that it may stay signed in for another SESSION_COOKIE_AGE.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from allauth.core import context
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions import middleware
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.serializers import JSONSerializer
from django.db import DatabaseError, IntegrityError, OperationalError
from django.db.models import CharField, DateTimeField
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.crypto import constant_time_compare

from accounts import client, encryption
from accounts.models import Session, User
from accounts.statements import Param, Statement

SEEN_EVERY = timedelta(minutes=1)
EXTENDED_EVERY = timedelta(days=1)
BATCH = 1000  # rows
FIND = Statement(
    lambda: (
        Session.objects.select_related("user")
        .filter(
            session_key=Param("key", CharField()),
            expire_date__gt=Param("now", DateTimeField()),
            impersonated_by=None,
        )
        .order_by()
    )
)

logger = logging.getLogger(__name__)


class SessionStore(SessionBase):
    """One row a device: saving changes what the session says, never when and where it began.

    What it says is encrypted, because pending codes and tokens are part of it.
    """

    row: Session | None = None  # as it was read, with its person
    user: User | None = None  # that person
    impersonator_id: UUID | None = None  # who acts as them, if somebody does
    meta: Mapping[str, str] = {}  # request.META, for where a new session begins
    flushed = False  # signed out in this request
    may_stay_unread = False  # on a page that is anybody's
    is_unread = False  # the database is away: nobody knows whether this device is signed in
    impersonation_key = ""  # of the one that this request began

    def encode(self, session_dict: dict[str, Any]) -> str:
        return encryption.encrypt(JSONSerializer().dumps(session_dict).decode("latin-1"))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Return what the session says, nothing if none of our secrets encrypted it."""
        try:
            text = encryption.decrypt(str(session_data))
            return JSONSerializer().loads(text.encode("latin-1"))
        except (encryption.InvalidToken, ValueError):
            return {}

    def load(self) -> dict[str, Any]:
        row = self._find()
        data = self.decode(row.session_data) if row else {}
        if self.is_unread:
            return {}  # and the cookie stays as it is
        if not row or not data:
            self._session_key = None
            return {}
        self.row, self.user = row, row.user
        return data

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(session_key=Session.hash_of(session_key)).exists()

    def create(self) -> None:
        self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Write the row. Raises UpdateError if it, or its user, was deleted in the meantime."""
        if self.session_key is None:
            return self.create()
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        row = {
            "session_data": self.encode(data),
            "expire_date": self.get_expiry_date(),
            "user_id": data.get(SESSION_KEY),
        }
        try:
            self._insert(row) if must_create else self._update(row)
        except IntegrityError as error:
            raise UpdateError from error

    def cycle_key(self) -> None:
        """Take a new key. At sign-in a device begins; afterwards it stays the device it was.

        Raises SessionInterrupted if another request took a new key or signed out meanwhile.
        """
        if SESSION_KEY not in self:
            return super().cycle_key()
        old_key = self.session_key
        self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
        try:
            self._update({"session_key": Session.hash_of(self.session_key)}, old_key)
        except UpdateError:
            raise SessionInterrupted("The session was renewed or ended meanwhile.") from None
        self.modified = True

    async def acycle_key(self) -> None:
        await sync_to_async(self.cycle_key)()

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            Session.objects.filter(session_key=Session.hash_of(key)).delete()

    def flush(self) -> None:
        super().flush()
        self.flushed = True

    def touch(self) -> bool:
        """Write that the device was seen, unless that is written of the last minute.

        Returns whether it stays signed in for longer now: its cookie has to say so, too. A row
        that was deleted or got a new key meanwhile is left alone.
        """
        now = timezone.now()
        if not self.row or not self.user or self.row.last_seen > now - SEEN_EVERY:
            return False
        changes = {"last_seen": now}
        if self.row.expire_date <= self.get_expiry_date() - EXTENDED_EVERY:
            changes["expire_date"] = self.get_expiry_date()
        seen_before = Session.objects.filter(session_key=self.hash, last_seen__lte=now - SEEN_EVERY)
        return bool(seen_before.update(**changes)) and "expire_date" in changes

    def sign_anew(self) -> None:
        """Let SECRET_KEY vouch for what one of its fallbacks has vouched for, and change no more.

        Django would take a new key, too: of two tabs that ask together, one would be signed out.
        """
        if not settings.SECRET_KEY_FALLBACKS:
            return
        signed = self.get(HASH_SESSION_KEY, "")
        if self.user and signed != self.user.get_session_auth_hash() and vouches(self.user, signed):
            self[HASH_SESSION_KEY] = self.user.get_session_auth_hash()

    @classmethod
    def clear_expired(cls) -> None:
        """Delete what has expired, a few rows at a time: nobody waits for a lock."""
        expired = Session.objects.filter(expire_date__lt=timezone.now()).order_by("expire_date")
        while batch := list(expired.values_list("pk", flat=True)[:BATCH]):
            expired.filter(pk__in=batch).delete()

    def _find(self) -> Session | None:
        try:
            return next(iter(self._rows()), None)
        except OperationalError:
            if not self.may_stay_unread:
                raise
            self.is_unread = True
            return None

    def _rows(self) -> Iterable[Session]:
        """Return the cookie's row, if it has not expired, with all that a request needs.

        None in which somebody acts as somebody else: accounts/impersonation.py.
        """
        return FIND(key=self.hash, now=timezone.now())

    @property
    def hash(self) -> str:
        """What the table knows the session by."""
        return Session.hash_of(self.session_key)

    def _insert(self, row: dict[str, Any]) -> None:
        # allauth puts a fresh store in place of ours on the way to a provider.
        meta = self.meta or getattr(context.request, "META", {})
        Session.objects.create(
            session_key=self.hash,
            ip=client.ip(meta),
            user_agent=client.user_agent(meta),
            **row,
        )

    def _update(self, row: dict[str, Any], session_key: str | None = None) -> None:
        key = Session.hash_of(session_key or self.session_key)
        if not Session.objects.filter(session_key=key).update(last_seen=timezone.now(), **row):
            raise UpdateError


def vouches(user: User, signed: str) -> bool:
    """Whether this is the hash of the person's password, by SECRET_KEY or one of its fallbacks."""
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(signed, one) for one in hashes)


def is_public(request: HttpRequest, view_name: str) -> bool:
    """Whether it asks for a page that is anybody's, also while the database is away."""
    return view_name in settings.PUBLIC_PAGES and request.method in ("GET", "HEAD")


class SessionMiddleware(middleware.SessionMiddleware):
    """Tells a session which device it is on, and keeps what it shows out of every cache."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.session.meta = request.META  # type: ignore[attr-defined]

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        session = cast("SessionStore", request.session)
        name = request.resolver_match.view_name  # type: ignore[union-attr]
        session.may_stay_unread = is_public(request, name)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = cast("SessionStore", request.session)
        if session.accessed and not session.is_empty():
            patch_cache_control(response, private=True, no_store=True)
        if not session.modified and response.status_code < 500 and touch(session):
            _renew_cookie(session, response)
        if session.flushed and session.is_empty():
            # Not "cookies": a device that is trusted with the second factor stays so.
            response["Clear-Site-Data"] = '"cache", "storage"'
        return super().process_response(request, response)


def touch(session: SessionStore) -> bool:
    """Do what `SessionStore.touch` does, and nothing where the database takes no writes."""
    try:
        return session.touch()
    except DatabaseError as error:
        logger.warning("Last seen not written: %s", type(error).__name__)
        return False


def _renew_cookie(session: SessionStore, response: HttpResponse) -> None:
    response.set_cookie(
        settings.SESSION_COOKIE_NAME,
        session.session_key or "",
        max_age=session.get_expiry_age(),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=settings.SESSION_COOKIE_HTTPONLY,
        samesite=settings.SESSION_COOKIE_SAMESITE,
    )
