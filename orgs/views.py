from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from orgs.access import requires
from orgs.models import Organization
from orgs.roles import Permission


@login_required
def organization_list(request: HttpRequest) -> HttpResponse:
    """Where sign-in leads: a person's organizations."""
    organizations = Organization.objects.get_for_user(request.user)
    return render(request, "orgs/organization_list.html", {"organizations": organizations})


@requires(Permission.SEE_ORGANIZATION)
def organization_detail(request: HttpRequest, slug: str) -> HttpResponse:
    return render(request, "orgs/organization_detail.html")
