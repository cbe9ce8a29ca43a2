"""The gate of the admin: who comes in, and when. What they may do inside: accounts/roles.py."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.account.views import logout
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, register_converter, reverse
from django.urls.converters import StringConverter

from accounts.browsing import REFUSED, delete_selected, explain
from accounts.browsing.autocompletion import Autocompletion
from accounts.impersonation import SAFE_METHODS
from accounts.mfa.factors import has_second_factor
from accounts.roles import LastOwner, PlatformRole, last_owner_stays
from accounts.signin.reauthentication import require_fresh_sign_in
from config import front_page
from config.schema import views as schema

View = Callable[..., HttpResponse]


class TableName(StringConverter):
    """Whatever PostgreSQL takes for a name, slashes and line breaks, too."""

    regex = r"[\s\S]+"


register_converter(TableName, "table")


class AdminSite(admin.AdminSite):
    """Entered and left through allauth: Django's own form knows neither limits nor codes."""

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.add_action(delete_selected)  # in the place of Django's

    def index(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().index(request, front_page.read() | (extra_context or {}))

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        inside = get_next_redirect_url(request) or reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(inside)
        if not self.has_permission(request):
            raise PermissionDenied
        return redirect(inside)

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        return logout(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        return redirect("account_change_password")

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this is somebody of the platform's staff, and nobody acting as them."""
        session: Any = request.session
        return super().has_permission(request) and not session.impersonator_id

    def autocomplete_view(self, request: HttpRequest) -> HttpResponseBase:  # type: ignore[override]
        return Autocompletion.as_view(admin_site=self)(request)

    def get_urls(self) -> list[Any]:
        """Leave out 'view on site': whoever runs the platform is a stranger to organizations."""
        rows = [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]
        return [
            path("schema/", self.admin_view(schema.overview), name="schema"),
            path("schema/<table:name>/", self.admin_view(schema.table), name="schema_table"),
            path("migrations/", self.admin_view(schema.migrations), name="schema_migrations"),
            *rows,
        ]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return super().admin_view(_gated(view), cacheable)


def _gated(view: View) -> View:
    """Close a page of the admin to whoever lacks a second factor, a power or a fresh sign-in."""

    @wraps(view)
    def gated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user: Any = request.user
        if request.path == reverse("admin:logout"):
            return view(request, *args, **kwargs)
        if settings.ADMIN_REQUIRES_SECOND_FACTOR and not has_second_factor(user):
            return render(request, "admin/second_factor_needed.html", status=403)
        if request.method in SAFE_METHODS:
            return view(request, *args, **kwargs)
        if not PlatformRole(user.role).allows("change"):
            raise PermissionDenied("Staff read everything and change nothing.")
        require_fresh_sign_in(request)
        return _change(view, request, *args, **kwargs)

    return gated


def _change(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Call the view; what the database refuses changes nothing and says so."""
    try:
        with last_owner_stays():
            return view(request, *args, **kwargs)
    except (LastOwner, *REFUSED) as refusal:
        text = str(refusal) if isinstance(refusal, LastOwner) else explain(refusal)
        messages.error(request, text)
        return redirect(request.get_full_path())
