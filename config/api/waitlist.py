"""/api/waitlist: join the list, and about how many are on it. What it is for: docs/waitlist.md."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.limits import when
from accounts.recent import MINUTE
from config.api.bodies import reasons, takes_json, texts
from config.api.methods import by_method
from config.api.origins import open_to
from config.errors import json_error
from waitlist import counting, limits
from waitlist.forms import JoinForm

THANKS = "Thank you. We will write when there is a place."
CONFIRM = (
    "One step is left: open the link that we sent you, and you are on the list. "
    "You confirmed the address before? Then you are on it already."
)


@csrf_exempt
def waitlist(request: HttpRequest) -> HttpResponse:
    """Answer whatever is asked; where there is no waitlist, there is no such address."""
    return _answer(request) if settings.WAITLIST_ENABLED else json_error(404)


def _count(request: HttpRequest) -> HttpResponse:
    """GET: {"count": …}, which anybody may keep as long as we do."""
    headers = {"Cache-Control": f"public, max-age={MINUTE}"}
    return JsonResponse({"count": counting.about()}, headers=headers)


@takes_json
def _join(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    """POST {"email": …}. A new address, a known one and a robot's get the same answer."""
    form = JoinForm(texts(data))
    if wrong := reasons(form, data):
        return json_error(400, "The address could not be accepted.", fields=wrong)
    tried = limits.count(request)
    if tried.wait:
        return json_error(429, f"Try again {when(tried.wait)}.", headers=tried.headers)
    form.join()
    message = CONFIRM if settings.WAITLIST_CONFIRM else THANKS
    return JsonResponse({"message": message}, status=202, headers=tried.headers)


_answer = open_to(lambda: settings.WAITLIST_ALLOWED_ORIGINS)(by_method(GET=_count, POST=_join))
