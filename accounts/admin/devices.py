"""Signed-in devices, and who tried how often, in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from accounts.admin.powers import may_touch, user_of
from accounts.browsing import AgeFilter, NothingToChange, YesNoFilter
from accounts.devices import describe
from accounts.models import Attempt, Session
from accounts.roles import PlatformRole
from accounts.verbs import Verb


class ImpersonatedFilter(YesNoFilter):
    title = "acting as somebody else"
    parameter_name = "impersonated"
    condition = Q(impersonated_by__isnull=False)


@admin.register(Session)
class SessionAdmin(NothingToChange):
    """Signed-in devices: deleting one signs it out. Its key is shown nowhere, not even hashed."""

    delete_verb = Verb.SESSION_REVOKED
    list_display = ["created", "user", "impersonated_by", "ip", "browser", "last_seen"]
    list_filter = [AgeFilter, ImpersonatedFilter, "expire_date"]
    list_select_related = ["user", "impersonated_by"]
    search_fields = ["user__email__startswith", "ip__startswith"]
    search_help_text = "The beginning of an email address or of an IP address"
    fields = [
        "user",
        "impersonated_by",
        "ip",
        "user_agent",
        *["created", "last_seen", "expire_date"],
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        """Signing a device out is handling its person, or one's own."""
        allowed = PlatformRole(user_of(request).role).allows("change")
        return allowed and may_touch(request, obj.user if obj else None)

    def told_of(self, obj: Session) -> dict[str, Any]:
        return {"subject": obj.user}

    @admin.display
    def browser(self, session: Session) -> str:
        return describe(session.user_agent)


@admin.register(Attempt)
class AttemptAdmin(NothingToChange):
    """Only to look at, and to delete: then whoever it is may try again at once."""

    list_display = ["key", "tries", "until"]
    search_fields = ["key"]
    ordering = ["-until"]

    @admin.display
    def tries(self, attempt: Attempt) -> int:
        return len(attempt.times)
