"""What people and programs see when something cannot be done: our pages, or JSON under /api/."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

MESSAGES = {
    400: "The request could not be understood.",
    403: "You are not allowed to do this.",
    404: "There is nothing here.",
    500: "Something went wrong on our side. It has been noted.",
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _respond(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _respond(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _respond(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return _respond(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _respond(request, 403, template="403_csrf.html")


def _respond(request: HttpRequest, status: int, template: str = "") -> HttpResponse:
    if request.path.startswith("/api/"):
        code = HTTPStatus(status).name.lower()
        return JsonResponse({"error": {"code": code, "message": MESSAGES[status]}}, status=status)
    return render(request, template or f"{status}.html", status=status)
