"""SESSION_ENGINE: a session is a row of accounts.Session, read with its user in one statement."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from allauth.core import context
from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions import middleware
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control

from accounts import client, passwords
from accounts.models import Session, User


class SessionStore(SessionBase):
    """One row a device: saving changes what the session says, never when and where it began."""

    user: User | None = None  # who the row came with
    impersonator_id: UUID | None = None  # who acts as that person, if somebody does
    meta: Mapping[str, str] = {}  # request.META, for where a new session begins

    def load(self) -> dict[str, Any]:
        session = (
            Session.objects.select_related("user")
            .filter(session_key=Session.hash_of(self.session_key), expire_date__gt=timezone.now())
            .order_by()
            .first()
        )
        if session is None:
            self._session_key = None
            return {}
        self.user = session.user
        self.impersonator_id = session.impersonated_by_id
        return self.decode(session.session_data)

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

    @classmethod
    def clear_expired(cls) -> None:
        Session.objects.filter(expire_date__lt=timezone.now()).delete()

    def _insert(self, row: dict[str, Any]) -> None:
        # allauth puts a fresh store in place of ours on the way to a provider.
        meta = self.meta or getattr(context.request, "META", {})
        Session.objects.create(
            session_key=Session.hash_of(self.session_key),
            ip=client.ip(meta),
            user_agent=client.user_agent(meta),
            **row,
        )

    def _update(self, row: dict[str, Any], session_key: str | None = None) -> None:
        key = Session.hash_of(session_key or self.session_key)
        if not Session.objects.filter(session_key=key).update(last_seen=timezone.now(), **row):
            raise UpdateError


class SessionMiddleware(middleware.SessionMiddleware):
    """Tells a session which device it is on, and keeps what it shows out of every cache."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.session.meta = request.META  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if request.session.accessed and not request.session.is_empty():
            patch_cache_control(response, private=True, no_store=True)
        return super().process_response(request, response)


class AuthenticationBackend(AllauthBackend):
    """Signs in by email address and password, and knows the person the session row came with."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """Return the person, or None; what is too long to be a password is never hashed."""
        if len(credentials.get("password") or "") > passwords.MAX_LENGTH:
            return None
        return super().authenticate(request, **credentials)

    def user_can_authenticate(self, user: User) -> bool:
        """Whether the account is switched on and not banned, with each request anew."""
        return super().user_can_authenticate(user) and user.may_act

    def get_user(self, user_id: UUID) -> User | None:
        """Return the active user of this id, without a statement if the session brought them."""
        user = context.request and context.request.session.user
        if user and user.pk == user_id:
            return user if self.user_can_authenticate(user) else None
        return super().get_user(user_id)
