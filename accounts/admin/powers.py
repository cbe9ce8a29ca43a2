"""What a page of the admin asks about who is looking at it: accounts/roles.py has the answers."""

from typing import cast

from django.http import HttpRequest

from accounts.models import User
from accounts.roles import PlatformRole


def user_of(request: HttpRequest) -> User:
    """Return who is signed in, which on a page of the admin somebody is."""
    return cast("User", request.user)


def handled_by(request: HttpRequest) -> list[PlatformRole]:
    """Return the roles whose people the user may handle, and which they may give."""
    role = PlatformRole(user_of(request).role)
    return [other for other in PlatformRole if role.handles(other)]


def may_touch(request: HttpRequest, person: User | None) -> bool:
    """Whether this is the user's own row, or of somebody they may handle."""
    return person is None or person == request.user or user_of(request).outranks(person)
