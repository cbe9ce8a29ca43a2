"""Who belongs to an organization, and in which role."""

from collections.abc import Callable, Mapping
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.pages import NOTHING, SIZE, Page, Values, page_of
from orgs.access import MemberRequest, requires
from orgs.forms.members import MemberFilter, RoleForm
from orgs.members import search
from orgs.models import Membership, Organization, PrimaryOwnerStays, Team
from orgs.roles import Permission, Role
from orgs.views.answers import form_page


def _of_member(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give the view the member of its address, or who asks; 404 for one who is gone meanwhile."""

    @wraps(view)
    def opened(request: MemberRequest, slug: str, pk: UUID | None = None) -> HttpResponse:
        pk = pk or request.membership.pk
        try:
            return view(request, _member(request, pk))
        except ObjectDoesNotExist:
            raise Http404("No such member.") from None
        except PrimaryOwnerStays as refusal:
            messages.error(request, str(refusal))
            return redirect("orgs:member_detail", slug, pk)

    return opened


@require_safe
@requires(Permission.SEE_ORGANIZATION)
def member_list(request: MemberRequest, slug: str) -> HttpResponse:
    """Filters that are none show nobody, say so, and keep what was typed."""
    teams = request.organization.teams.order_by(Lower("name")).values_list("pk", "name")
    filters = MemberFilter(request.GET, teams=teams)
    is_valid = filters.is_valid()
    chosen = filters.cleaned_data if is_valid else {}
    page = members_of(request.organization, request.GET, **chosen) if is_valid else NOTHING
    context = {"page": page, "filters": filters}
    return render(request, "orgs/member_list.html", context, status=200 if is_valid else 400)


@require_safe
@requires(Permission.SEE_ORGANIZATION)
@_of_member
def member_detail(request: MemberRequest, member: Membership) -> HttpResponse:
    return _page(request, member, RoleForm(initial={"role": member.role}, by=request.membership))


@require_POST
@requires(Permission.MANAGE_MEMBERS)
@_of_member
def member_role(request: MemberRequest, member: Membership) -> HttpResponse:
    form = RoleForm(request.POST, by=request.membership)
    if not form.is_valid():
        return _page(request, member, form)
    role = Role(form.cleaned_data["role"])
    member.change_role(role, by=request.membership)
    messages.success(request, f"{member.user} has the role of {role.label.lower()} now.")
    return redirect(member)


@require_POST
@requires(Permission.MANAGE_MEMBERS)
@_of_member
def member_remove(request: MemberRequest, member: Membership) -> HttpResponse:
    member.remove(by=request.membership)
    messages.success(request, f"{member.user} is no longer a member of {request.organization}.")
    return redirect("orgs:member_list", request.organization.slug)


@require_POST
@requires(Permission.SEE_ORGANIZATION)
@_of_member
def member_leave(request: MemberRequest, member: Membership) -> HttpResponse:
    member.leave()
    messages.success(request, f"You are no longer a member of {request.organization}.")
    return redirect("orgs:organization_list")


def members_of(
    organization: Organization,
    query: Mapping[str, str],
    size: int = SIZE,
    *,
    q: str = "",
    role: str = "",
    team: str = "",
    sort: str = "",
    outside: Team | None = None,
) -> Page:
    """Return a page of the members, as dicts: see templates/orgs/_members.html.

    The filters are MemberFilter's; `outside` leaves out who is in that team.
    """
    found = Membership.objects.all()
    if outside:
        found = found.exclude(pk__in=outside.team_memberships.values("membership"))
    values = _shown(found) if outside else _everybody
    if q:
        found = search(found, organization, q)
    if team:
        found = found.filter(team_memberships__team=team)
    return page_of(
        values,
        query,
        within=("organization_id", organization.pk),
        also={"role": role} if role else {},
        by="sort_name" if sort == "name" else "",
        newest_first=sort == "newest",
        among=found if q or team else None,
        size=size,
    )


def _everybody() -> Values:
    return _shown(Membership.objects.all())


def _shown(members: QuerySet[Membership]) -> Values:
    return members.values(
        "id",
        "role",
        "sort_name",
        name=F("user__name"),
        email=F("user__email"),
        avatar=F("user__avatar_id"),
        is_primary_owner=Q(ownership__isnull=False),
    )


def _member(request: MemberRequest, pk: UUID) -> Membership:
    """Return the member with their person; raises DoesNotExist, for another organization's too."""
    members = request.organization.memberships.select_related("user")
    member = members.annotate(is_primary_owner=Q(ownership__isnull=False)).get(pk=pk)
    member.organization = request.organization
    return member


def _page(request: MemberRequest, member: Membership, form: RoleForm) -> HttpResponse:
    teams = member.team_memberships.order_by("team__name")
    context = {
        "member": member,
        "form": form,
        "is_manageable": request.membership.can_manage(member),
        "teams": teams.values("role", "team_id", name=F("team__name")),
    }
    return form_page(request, "orgs/member_detail.html", context)
