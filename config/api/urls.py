"""Every address of the API; what is not among them is said to be missing, in JSON."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from config.api.setup import first_run
from config.api.waitlist import waitlist
from config.errors import json_error


@csrf_exempt
def not_found(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer in JSON while DEBUG is on, too."""
    return json_error(404)


urlpatterns = [
    path("waitlist", waitlist, name="api_waitlist"),
    path("setup/first-run", first_run, name="api_setup_first_run"),
    path("", not_found),
    path("<path:rest>", not_found),
]
