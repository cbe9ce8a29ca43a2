"""What somebody reads who may not come in: only after they have proved who they are."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User


def ban_page(request: HttpRequest, person: User) -> HttpResponse:
    """Return the page that says why and until when, and forget how far their sign-in had come."""
    request.session.flush()
    context = {"reason": person.ban_reason, "until": person.ban_until}
    return render(request, "accounts/banned.html", context, status=403)
