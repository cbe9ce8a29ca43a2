"""The one gate to everything under /o/<slug>/.

Every view there declares what it needs with `@requires(permission)`; the middleware reads the
membership anew on each request and decides. A view that declares nothing is refused, and
`manage.py check` fails. A view that declares a permission is guarded wherever its route stands.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.core import checks
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import CharField, OuterRef, Q, Subquery, UUIDField
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from accounts.statements import Param, Statement
from orgs.models import Membership, Organization, Team, TeamMembership
from orgs.roles import TEAM_PERMISSIONS, Permission, TeamRole
from orgs.visits import remember

ROOT = "o/"
PREFIX = f"{ROOT}<slug:slug>/"

View = Callable[..., HttpResponseBase]

FIND = Statement(
    lambda: (
        Membership.objects.select_related("organization")
        .annotate(is_primary_owner=Q(ownership__isnull=False))
        .filter(
            user=Param("user", UUIDField()),
            organization__slug=Param("slug", CharField()),
            organization__is_active=True,
        )
        .order_by()
    )
)


class MemberRequest(HttpRequest):
    """What a view behind the gate gets."""

    user: User
    membership: Membership
    organization: Organization
    team: Team  # where the route names one, as <uuid:team>
    permissions: frozenset[Permission]  # on this page: those of a role in its team count


def requires(permission: Permission) -> Callable[[View], View]:
    """Declare the permission that a member needs for this view.

    The view finds `request.membership` and `request.organization`. The same view may stand behind
    another permission elsewhere: the declaration is on the decorated one alone.
    """

    def declare(view: View) -> View:
        @wraps(view)
        def declared(*args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                return view(*args, **kwargs)
            except Organization.DoesNotExist:  # deleted since the gate has read it
                raise Http404("No such organization.") from None

        declared.permission = permission  # type: ignore[attr-defined]
        return declared

    return declare


class AccessMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if hasattr(request, "membership") and _is_page(request, response):
            remember(cast("MemberRequest", request))
        return response

    def process_view(
        self, request: MemberRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Let a member with the permission pass; 403 for a member without, 404 for anybody else.

        What counts is the address that was asked for, however its route is spelled.
        """
        permission = getattr(view, "permission", None)
        if permission is None:
            if request.path_info.startswith(f"/{ROOT}"):
                raise ImproperlyConfigured(f"{request.path_info}: its view needs @requires.")
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(_way_back(request, kwargs["slug"]))
        request.membership = _membership(request.user, kwargs["slug"])
        request.organization = request.membership.organization
        of_team = _of_team(request, kwargs.get("team"))
        request.permissions = request.membership.permissions | of_team
        if permission not in request.permissions:
            raise PermissionDenied(f"This takes the permission to {permission.label}.")
        return None


@checks.register(checks.Tags.security)
def check_every_route_is_gated(**kwargs: Any) -> list[checks.Error]:
    """Fail `manage.py check` for a route under /o/ that names no organization or no permission."""
    return [
        checks.Error(
            f"{route} is an organization's page but declares no permission.",
            hint=f"Put it under {PREFIX} and decorate its view with @requires(Permission.…).",
            id="orgs.E001",
        )
        for route, pattern in routes(get_resolver().url_patterns)
        if _is_open(route, pattern)
    ]


def routes(
    patterns: list[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Yield each route under these patterns in full, with its pattern."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route, pattern


def _is_open(route: str, pattern: URLPattern) -> bool:
    guarded = hasattr(pattern.callback, "permission")
    if route.replace("^", "").startswith(ROOT):
        return not guarded or "<slug" not in route
    return guarded and "<slug" not in route


def _is_page(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether the person sees a page now, rather than a file, a refusal or a redirect."""
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    return request.method == "GET" and response.status_code == 200 and is_html


def _way_back(request: HttpRequest, slug: str) -> str:
    """Where sign-in leads: to the page that was asked for, never to a button's address."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    return reverse("orgs:organization_detail", args=[slug])


def _membership(user: User, slug: str) -> Membership:
    membership = next(iter(FIND(user=user.pk, slug=slug)), None)
    if membership is None:
        raise Http404("No such organization.")
    membership.user = user
    return membership


def _of_team(request: MemberRequest, pk: UUID | None) -> frozenset[Permission]:
    """Read the team that the route names, if it does; return what this member may do in it."""
    if pk is None:
        return frozenset()
    mine = TeamMembership.objects.filter(team=OuterRef("pk"), membership=request.membership)
    teams = request.organization.teams.annotate(my_role=Subquery(mine.values("role")))
    team: Any = get_object_or_404(teams, pk=pk)
    team.organization, request.team = request.organization, team
    return TEAM_PERMISSIONS[TeamRole(team.my_role)] if team.my_role else frozenset()
