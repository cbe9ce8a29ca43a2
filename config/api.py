"""The API: JSON in, JSON out, strict about both. Errors have the shape of errors.json_error."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from accounts import limits, setup, strict_json
from accounts.setup_page import SetupForm
from config.errors import json_error
from waitlist import limits as waitlist_limits
from waitlist.forms import JoinForm

MAX_BYTES = 16 * 1024

View = Callable[[HttpRequest, dict[str, Any]], HttpResponse]


def takes_json(view: View) -> Callable[[HttpRequest], HttpResponse]:
    """Call the view with the object that was posted, or answer what was wrong with the request.

    There is no CSRF token: a page of another site is refused by its Origin, and can send JSON
    only after asking (CORS), which we never grant.
    """

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            response = json_error(405, "Only POST is possible here.")
            response["Allow"] = "POST"
            return response
        if not _comes_from_here(request):
            return json_error(403, "Requests from pages of other sites are not accepted.")
        if request.content_type != "application/json":
            return json_error(415, "Send JSON, with Content-Type: application/json.")
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES:
            return json_error(413, f"Send at most {MAX_BYTES} bytes.")
        try:
            data = strict_json.parse(request.body)
        except ValueError:
            return json_error(400, "The body must be one JSON object in UTF-8.")
        return view(request, data)

    return answer


@takes_json
def waitlist_join(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    """POST {"email": …}. A new address, a known one and a robot's get the same answer."""
    form = JoinForm(_texts(data))
    if not form.is_valid():
        return json_error(400, "The address could not be accepted.", fields=_reasons(form))
    if wait := waitlist_limits.count(request).wait:
        return json_error(429, f"Try again {limits.when(wait)}.", retry_after=wait)
    form.join()
    return JsonResponse({"message": "Thank you. We will write when there is a place."}, status=202)


@csrf_exempt
def setup_first_run(request: HttpRequest) -> HttpResponse:
    """POST {"token": …, "name": …, "email": …, "password": …}, while the platform has no owner."""
    try:
        return _make_first_owner(request) if setup.is_open() else json_error(404)
    except setup.AlreadyOwned:
        return json_error(404)


@takes_json
def _make_first_owner(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    if wait := setup.seconds_to_wait(request):
        return json_error(429, f"Try again {limits.when(wait)}.", retry_after=wait)
    form = SetupForm(_texts(data))
    if owner := form.make_owner():
        message = "The platform has its owner. Sign in to go on."
        return JsonResponse({"message": message, "email": owner.email}, status=201)
    return json_error(form.status, "The owner could not be made.", fields=_reasons(form))


@csrf_exempt
def not_found(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer in JSON while DEBUG is on, too."""
    return json_error(404)


def _texts(data: dict[str, Any]) -> dict[str, str]:
    """Return what a form can take: to it, anything but text is missing."""
    return {name: value for name, value in data.items() if isinstance(value, str)}


def _reasons(form: Form) -> dict[str, str]:
    return {name: str(errors[0]) for name, errors in form.errors.items()}


def _comes_from_here(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin")
    if origin is None:  # no browser, or one that shows no page
        return True
    here = f"{request.scheme}://{request.get_host()}"
    return origin in (here, *settings.CSRF_TRUSTED_ORIGINS)


urlpatterns = [
    path("waitlist", waitlist_join, name="api_waitlist_join"),
    path("setup/first-run", setup_first_run, name="api_setup_first_run"),
    path("", not_found),
    path("<path:rest>", not_found),
]
