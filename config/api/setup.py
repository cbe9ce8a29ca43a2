"""/api/setup/first-run: make the platform's first owner."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from accounts import limits, setup
from accounts.setup_page import SetupForm
from config.api.bodies import reasons, takes_json, texts
from config.api.methods import by_method
from config.api.origins import ours_alone
from config.errors import json_error


@csrf_exempt
def first_run(request: HttpRequest) -> HttpResponse:
    """POST {"token": …, "name": …, "email": …, "password": …}, while the platform has no owner."""
    try:
        return _answer(request) if setup.is_open() else json_error(404)
    except setup.AlreadyOwned:
        return json_error(404)


@takes_json
def _make_first_owner(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    if wait := setup.seconds_to_wait(request):
        return json_error(429, f"Try again {limits.when(wait)}.", retry_after=wait)
    form = SetupForm(texts(data))
    if owner := form.make_owner():
        message = "The platform has its owner. Sign in to go on."
        return JsonResponse({"message": message, "email": owner.email}, status=201)
    return json_error(form.status, "The owner could not be made.", fields=reasons(form, data))


_answer = ours_alone(by_method(POST=_make_first_owner))
