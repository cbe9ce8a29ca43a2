"""SESSION_ENGINE: a session is a row of accounts.Session, read with its user in one statement."""

import hashlib
from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from allauth.core import context
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions import middleware
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Session, User


class SessionStore(SessionBase):
    """One row a device: saving changes what the session says, never when and where it began."""

    user: User | None = None
    ip: str | None = None
    user_agent = ""

    def load(self) -> dict[str, Any]:
        session = (
            Session.objects.select_related("user")
            .filter(session_key=_hash(self.session_key), expire_date__gt=timezone.now())
            .order_by()
            .first()
        )
        if session is None:
            self._session_key = None
            return {}
        self.user = session.user
        return self.decode(session.session_data)

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(session_key=_hash(session_key)).exists()

    def create(self) -> None:
        self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            return self.create()
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        row = {
            "session_data": self.encode(data),
            "expire_date": self.get_expiry_date(),
            "user_id": data.get(SESSION_KEY),
        }
        key = _hash(self.session_key)
        if must_create:
            Session.objects.create(session_key=key, ip=self.ip, user_agent=self.user_agent, **row)
        elif not Session.objects.filter(session_key=key).update(last_seen=timezone.now(), **row):
            raise UpdateError

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            Session.objects.filter(session_key=_hash(key)).delete()

    @classmethod
    def clear_expired(cls) -> None:
        Session.objects.filter(expire_date__lt=timezone.now()).delete()


class SessionMiddleware(middleware.SessionMiddleware):
    """Tells a new session which device it is on."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        session = cast("SessionStore", request.session)
        session.ip = get_adapter().get_client_ip(request)
        session.user_agent = request.headers.get("User-Agent", "")[:200]


class AuthenticationBackend(AllauthBackend):
    """Signs in by email address and password, and knows the person the session row came with."""

    def get_user(self, user_id: str) -> User | None:
        """Return the active user of this id, without a statement if the session brought them."""
        user = context.request and context.request.session.user
        if user and user.pk == User._meta.pk.to_python(user_id):
            return user if self.user_can_authenticate(user) else None
        return super().get_user(user_id)


def _hash(session_key: str | None) -> str:
    return hashlib.sha256((session_key or "").encode()).hexdigest()
