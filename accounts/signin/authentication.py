"""AUTHENTICATION_BACKENDS: who signs in with what, and who a session belongs to."""

from typing import Any
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from allauth.core import context
from django.http import HttpRequest

from accounts.models import User
from accounts.signin import passwords


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
