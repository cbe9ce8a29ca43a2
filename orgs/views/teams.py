"""Teams, and who is in them."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest, ValidationError
from django.db import IntegrityError
from django.db.models import Count, F, Max, Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.pages import NOTHING, Page, page_of
from orgs.access import MemberRequest, requires
from orgs.forms.teams import TeamForm, TeamPeopleFilter, TeamPeopleForm, TeamRoleForm
from orgs.limits import LimitReached
from orgs.models import Membership, Team, TeamMembership
from orgs.roles import Permission, TeamRole
from orgs.views.answers import form_page
from orgs.views.members import members_of

TAKEN = "There is already a team with this name. Choose another."


def _while_it_lasts(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Say so where the team, or somebody's place in it, has gone since the page was opened."""

    @wraps(view)
    def lasting(request: MemberRequest, slug: str, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, slug, **kwargs)
        except Team.DoesNotExist:
            messages.info(request, "This team was deleted in the meantime.")
            return redirect("orgs:team_list", slug)
        except TeamMembership.DoesNotExist:
            messages.info(request, "This person is no longer in the team.")
            return redirect(request.team)

    return lasting


@require_safe
@requires(Permission.SEE_ORGANIZATION)
def team_list(request: MemberRequest, slug: str) -> HttpResponse:
    return render(request, "orgs/team_list.html", {"teams": teams_of(request.membership)})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_TEAMS)
def team_new(request: MemberRequest, slug: str) -> HttpResponse:
    form = TeamForm(request.POST or None)
    if form.is_valid():
        name = form.cleaned_data["name"]
        try:
            return redirect(Team.create(request.organization, name, by=request.membership))
        except LimitReached as refusal:
            form.add_error(None, refusal)
        except IntegrityError:
            form.add_error("name", TAKEN)
    return form_page(request, "orgs/team_new.html", {"form": form})


@require_safe
@requires(Permission.SEE_ORGANIZATION)
def team_detail(request: MemberRequest, slug: str, team: UUID) -> HttpResponse:
    page = page_of(
        TeamMembership.objects.values(
            "id",
            "membership_id",
            "role",
            name=F("membership__user__name"),
            email=F("membership__user__email"),
            avatar=F("membership__user__avatar_id"),
        ),
        request.GET,
        within=("team_id", request.team.pk),
    )
    return render(request, "orgs/team_detail.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_TEAMS)
@_while_it_lasts
def team_rename(request: MemberRequest, slug: str, team: UUID) -> HttpResponse:
    form = TeamForm(request.POST or None, initial={"name": request.team.name})
    if form.is_valid():
        try:
            request.team.rename(form.cleaned_data["name"], by=request.membership)
        except IntegrityError:
            form.add_error("name", TAKEN)
        else:
            return redirect(request.team)
    return form_page(request, "orgs/team_rename.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_TEAMS)
@_while_it_lasts
def team_delete(request: MemberRequest, slug: str, team: UUID) -> HttpResponse:
    if request.method != "POST":
        return render(request, "orgs/team_delete.html")
    request.team.erase(by=request.membership)
    messages.success(request, f"The team {request.team} was deleted.")
    return redirect("orgs:team_list", slug)


@require_POST
@requires(Permission.SEE_ORGANIZATION)
@_while_it_lasts
def team_leave(request: MemberRequest, slug: str, team: UUID) -> HttpResponse:
    request.team.remove(request.membership, by=request.membership)
    messages.success(request, f"You have left the team {request.team}.")
    return redirect("orgs:team_list", slug)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_TEAM_PEOPLE)
@_while_it_lasts
def team_member_add(request: MemberRequest, slug: str, team: UUID) -> HttpResponse:
    """Choose among the members who are not in the team; a search narrows the list."""
    data = request.POST if request.method == "POST" else None
    form = TeamPeopleForm(data, organization=request.organization)
    if form.is_valid():
        try:
            added = request.team.add(*form.cleaned_data["people"], by=request.membership)
        except ValidationError as refusal:
            form.add_error("people", refusal)
        else:
            messages.success(request, _said_of(added))
            return redirect(request.team)
    filters = TeamPeopleFilter(request.GET)
    is_valid = filters.is_valid()
    page = _outside(request, filters.cleaned_data["q"]) if is_valid else NOTHING
    context = {"form": form, "chosen": form["people"].value(), "filters": filters, "page": page}
    status = 200 if is_valid and not form.is_bound else 400
    return render(request, "orgs/team_member_add.html", context, status=status)


@require_POST
@requires(Permission.MANAGE_TEAM_PEOPLE)
@_while_it_lasts
def team_member_remove(request: MemberRequest, slug: str, team: UUID, pk: UUID) -> HttpResponse:
    member = _member(request, pk)
    request.team.remove(member, by=request.membership)
    messages.success(request, f"{member.user} is no longer in the team.")
    return redirect(request.team)


@require_POST
@requires(Permission.MANAGE_TEAMS)
@_while_it_lasts
def team_member_role(request: MemberRequest, slug: str, team: UUID, pk: UUID) -> HttpResponse:
    member, form = _member(request, pk), TeamRoleForm(request.POST)
    if not form.is_valid():
        raise BadRequest("There is no such role in a team.")
    role = form.cleaned_data["role"]
    request.team.change_role(member, role, by=request.membership)
    leads = "leads the team now" if role == TeamRole.LEAD else "is a plain member of the team now"
    messages.success(request, f"{member.user} {leads}.")
    return redirect(request.team)


def teams_of(membership: Membership) -> QuerySet[Team, dict[str, Any]]:
    """Return all teams, as dicts: those that the member leads, then where they are, then by name.

    One page of them: MAX_TEAMS says how many there can be.
    """
    places = "team_memberships"
    return (
        membership.organization.teams.values("id", "name")
        .annotate(
            people=Count(places),
            my_role=Max(f"{places}__role", filter=Q(team_memberships__membership=membership)),
        )
        .order_by(F("my_role").asc(nulls_last=True), Lower("name"))
    )


def _outside(request: MemberRequest, sought: str) -> Page:
    """Return a page of the members who are not in the team, by name."""
    return members_of(
        request.organization, request.GET, q=sought, sort="name", outside=request.team
    )


def _member(request: MemberRequest, pk: UUID) -> Membership:
    return get_object_or_404(request.organization.memberships.select_related("user"), pk=pk)


def _said_of(added: list[Membership]) -> str:
    if not added:
        return "They are in the team already."
    if len(added) > 1:
        return f"{len(added)} people are in the team now."
    return f"{added[0].user} is in the team now."
