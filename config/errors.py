"""What people and programs see when something cannot be done: our pages, or JSON under /api/."""

import sys
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ObjectNotUpdated, RequestDataTooBig
from django.db import DataError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import render
from django.template.loader import render_to_string

from accounts import limits
from config.logs import request_id
from config.outages import Outage, outage

JSON = {  # status: (code, message)
    400: ("bad_request", "The request could not be understood."),
    403: ("forbidden", "You are not allowed to do this."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This address does not take that method."),
    413: ("content_too_large", "The body is too large."),
    415: ("unsupported_media_type", "The body is of a type that is not taken here."),
    429: ("too_many_requests", "Too many requests. Try again later."),
    500: ("server_error", "Something went wrong on our side. It has been noted."),
    503: ("unavailable", "We cannot answer right now. Try again in a moment."),
}


class ErrorMiddleware:
    """Answers what no view can: the database is away or refused a NUL, a method is not taken.

    And what was tried too often answers 429, also where allauth shows its form again or leads on.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if _may_be_asked_again(request):
            connection.close()
            del request.outage  # type: ignore[attr-defined]
            response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            page = _respond(request, 405)
            page["Allow"] = response["Allow"]
            return page
        if limits.seconds_to_wait(request):
            return _refused(request, response)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return _not_our_fault(request, error)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _respond(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _respond(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _respond(request, 404)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Answer for allauth, whose limits (accounts.rates) note how long to wait."""
    return _respond(request, 429, retry_after=limits.seconds_to_wait(request))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for an exception outside a view, or one that `ErrorMiddleware` let through."""
    error = sys.exc_info()[1]
    return (error and _not_our_fault(request, error)) or _respond(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _respond(request, 403, template="403_csrf.html")


def json_error(
    status: int,
    message: str = "",
    *,
    fields: dict[str, str] | None = None,
    retry_after: int = 0,
    headers: dict[str, str] | None = None,
) -> JsonResponse:
    """Return the one shape of every error of the API.

    `fields` says what is wrong with which field, `retry_after` is in seconds.
    """
    code, usual_message = JSON[status]
    error: dict[str, Any] = {"code": code, "message": message or usual_message}
    if fields:
        error["fields"] = fields
    headers = (headers or {}) | ({"Retry-After": str(retry_after)} if retry_after else {})
    return JsonResponse({"error": error}, status=status, headers=headers)


def _refused(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Return a form, which says what is wrong and keeps what was typed, or else our page."""
    if 300 <= response.status_code < 400:
        return too_many_requests(request)
    response.status_code = 429
    response["Retry-After"] = str(limits.seconds_to_wait(request))
    return response


def _not_our_fault(request: HttpRequest, error: BaseException) -> HttpResponse | None:
    if found := outage(error):
        return _unavailable(request, found, error)
    if isinstance(error, UnreadablePostError) or _refused_nul(error):
        return _respond(request, 400)
    if isinstance(error, ObjectNotUpdated):  # somebody deleted it since it was read
        return _respond(request, 404)
    return None


def _unavailable(request: HttpRequest, found: Outage, error: BaseException) -> HttpResponse:
    """Answer 503. The request's one line in the log says why: there may be thousands of these."""
    request.outage = found._replace(error=error)  # type: ignore[attr-defined]
    context = {"title": found.title, "text": found.text}
    response = _respond(request, 503, retry_after=found.retry_after, **context)
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _may_be_asked_again(request: HttpRequest) -> bool:
    """Whether only the connection of a page that reads was cut, as when the database restarts.

    Not allauth's: these are steps, and the code that a provider sends along works once.
    """
    found = getattr(request, "outage", None)
    return (
        found is not None
        and found.is_cut
        and request.method in ("GET", "HEAD")
        and not request.path_info.startswith("/accounts/")
        and not connection.in_atomic_block
    )


def _refused_nul(error: BaseException) -> bool:
    """Whether somebody sent a character that PostgreSQL cannot store."""
    return isinstance(error, DataError) and "NUL (0x00)" in str(error)


def _respond(
    request: HttpRequest,
    status: int,
    *,
    template: str = "",
    retry_after: int = 0,
    title: str = "",
    text: str = "",
) -> HttpResponse:
    if request.path_info.startswith("/api/"):
        headers = getattr(request, "api_headers", {})  # see config.api.origins
        return json_error(status, text, retry_after=retry_after, headers=headers)
    if status == 500:  # without the context processors: one of them may be what broke
        page = render_to_string("500.html", {"request_id": request_id.get()})
        return HttpResponse(page, status=500)
    when = retry_after and limits.when(retry_after)
    context = {"title": title, "text": text, "when": when}
    response = render(request, template or f"{status}.html", context, status=status)
    if retry_after:
        response["Retry-After"] = str(retry_after)
    return response
