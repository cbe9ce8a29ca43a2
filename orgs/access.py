"""The one gate to everything under /o/<slug>/.

Every view there declares what it needs with `@requires(permission)`; the middleware reads the
membership anew on each request and decides. A view that declares nothing is refused, and
`manage.py check` fails.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core import checks
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver

from orgs.models import Membership
from orgs.roles import Permission

PREFIX = "o/<slug:slug>/"

View = Callable[..., HttpResponse]


def requires(permission: Permission) -> Callable[[View], View]:
    """Declare the permission that a member needs for this view.

    The view finds `request.membership` and `request.organization`.
    """

    def declare(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return declare


class AccessMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Let a member with the permission pass; 403 for a member without, 404 for anybody else."""
        match = request.resolver_match
        if match is None or not match.route.startswith(PREFIX):
            return None
        permission = getattr(view, "permission", None)
        if permission is None:
            raise ImproperlyConfigured(f"{match.view_name} declares no permission: use @requires.")
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        membership = _membership(request, kwargs["slug"])
        if not membership.can(permission):
            raise PermissionDenied(f"This takes the permission to {permission.label}.")
        request.membership = membership  # type: ignore[attr-defined]
        request.organization = membership.organization  # type: ignore[attr-defined]
        return None


@checks.register(checks.Tags.security)
def check_every_route_is_gated(**kwargs: Any) -> list[checks.Error]:
    """Fail `manage.py check` for a route under /o/<slug>/ whose view declares no permission."""
    return [
        checks.Error(
            f"{pattern.lookup_str} is an organization's page but declares no permission.",
            hint="Decorate the view with @requires(Permission.…) from orgs.access.",
            id="orgs.E001",
        )
        for route, pattern in _routes(get_resolver().url_patterns)
        if route.startswith(PREFIX) and not hasattr(pattern.callback, "permission")
    ]


def _membership(request: HttpRequest, slug: str) -> Membership:
    try:
        return Membership.objects.select_related("organization").get(
            user=request.user, organization__slug=slug
        )
    except Membership.DoesNotExist:
        raise Http404("No such organization.") from None


def _routes(
    patterns: list[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route, pattern
