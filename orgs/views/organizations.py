"""A person's organizations, and the front page of each."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.postgres.expressions import ArraySubquery
from django.db import IntegrityError
from django.db.models import F, Func, IntegerField, OuterRef, Q, UUIDField
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.pages import Page, Values, page_of
from accounts.statements import Param, Statement
from orgs.access import MemberRequest, requires
from orgs.forms.organizations import SEARCH_FROM, TAKEN, OrganizationForm, OrganizationSearch
from orgs.limits import LimitReached
from orgs.models import Membership, Organization, Team, Transfer
from orgs.roles import Permission
from orgs.views.answers import form_page
from orgs.views.invitations import pending_of
from orgs.views.members import members_of
from orgs.views.own_invitations import waiting_for
from orgs.visits import last_place

FIRST_FEW = 6
MOST_COUNTED = 1000


@require_safe
@login_required
def organization_list(request: MemberRequest) -> HttpResponse:
    """A person's organizations, and above them the invitations that wait for an answer."""
    form = OrganizationSearch(request.GET if "q" in request.GET else None)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    page = organizations_of(request.user, request.GET, words)
    context = {
        "page": page,
        "filters": form if form.is_bound or len(page.rows) >= SEARCH_FROM else None,
        "invitations": [] if form.is_bound else waiting_for(request.user, FIRST_FEW),
    }
    status = 400 if form.errors else 200
    return render(request, "orgs/organization_list.html", context, status=status)


@require_safe
@login_required
def organization_last(request: MemberRequest) -> HttpResponse:
    """Where sign-in leads: to where the person was last."""
    return redirect(last_place(request))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def organization_new(request: MemberRequest) -> HttpResponse:
    form = OrganizationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            return redirect(Organization.create(**form.cleaned_data, by=request.user))
        except IntegrityError:  # somebody took it since the form looked
            form.add_error("slug", TAKEN)
        except LimitReached as refusal:
            form.add_error(None, refusal)
    if form.errors and (made := _made_by_the_same_form(request.user, form)):
        return redirect(made)
    return form_page(request, "orgs/organization_new.html", {"form": form})


@require_safe
@requires(Permission.SEE_ORGANIZATION)
def organization_detail(request: MemberRequest, slug: str) -> HttpResponse:
    """The dashboard: the first few people, and what is pending for those who may see it."""
    context: dict[str, Any] = {
        "members": members_of(request.organization, {}, FIRST_FEW).rows,
        **_numbers(request.organization),
    }
    if request.membership.is_admin:  # an offer goes to owners and admins
        context["transfer"] = Transfer.concerning(request.membership)
    if request.membership.can(Permission.SEE_INVITATIONS):
        context["invitations"] = pending_of(request.organization, {}, FIRST_FEW).rows
    return render(request, "orgs/organization_detail.html", context)


def organizations_of(person: User, query: Mapping[str, str], words: str = "") -> Page:
    """Return a page of the person's organizations, the newest first, as dicts.

    Each of the words stands in the name or in the web address.
    """
    found = Q()
    for word in words.split():
        found &= Q(organization__name__icontains=word) | Q(organization__slug__icontains=word)
    return page_of(
        _shown().filter(found) if words else _shown,
        query,
        within=("user_id", person.pk),
        key="organization_id",
        newest_first=True,
    )


def _shown() -> Values:
    return Membership.objects.filter(organization__is_active=True).values(
        "organization_id",
        "role",
        name=F("organization__name"),
        slug=F("organization__slug"),
        logo=F("organization__logo_id"),
    )


def _numbers(organization: Organization) -> dict[str, str]:
    """Return '12 members' and '3 teams', counted no further than anybody reads.

    Raises DoesNotExist for an organization that was deleted since the gate has read it.
    """
    numbers = next(iter(NUMBERS(organization=organization.pk)), None)
    if numbers is None:
        raise Organization.DoesNotExist
    return {
        name: _words(number, name.removeprefix("number_of_")) for name, number in numbers.items()
    }


def _counted(model: type[Membership | Team]) -> Func:
    rows = model._default_manager.filter(organization=OuterRef("pk")).order_by().values("pk")
    some = ArraySubquery(rows[: MOST_COUNTED + 1])
    return Func(some, function="cardinality", output_field=IntegerField())


NUMBERS = Statement(
    lambda: Organization.objects.filter(pk=Param("organization", UUIDField())).values(
        number_of_members=_counted(Membership), number_of_teams=_counted(Team)
    )
)


def _words(number: int, things: str) -> str:
    if number > MOST_COUNTED:
        return f"{MOST_COUNTED:,}+ {things}"
    return f"{number} {things if number != 1 else things.removesuffix('s')}"


def _made_by_the_same_form(user: User, form: OrganizationForm) -> Organization | None:
    """Return what this form made when it was sent a moment ago: a double click is no mistake."""
    return Organization.objects.filter(
        name=form.instance.name, slug=form.instance.slug, owner__organization_user__user=user
    ).first()
