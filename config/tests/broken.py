"""A URLconf of views that break in every way, for the tests of errors and logs."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DataError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from psycopg.errors import DiskFull, IdleInTransactionSessionTimeout

from accounts.models import User
from config.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500"]


def bug(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a bug")


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("not yours")


def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("odd")


def away(request: HttpRequest) -> HttpResponse:
    raise OperationalError("connection refused")


def gone(request: HttpRequest) -> HttpResponse:
    raise UnreadablePostError("the visitor has left")


def too_long(request: HttpRequest) -> HttpResponse:
    raise DataError("value too long for type character varying(10)")


def read_only(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SET transaction_read_only = on")
        cursor.execute("CREATE TABLE nothing ()")
    return HttpResponse()


def slow(request: HttpRequest) -> HttpResponse:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 1")
        cursor.execute("SELECT pg_sleep(1)")
    return HttpResponse()


def undefined(request: HttpRequest) -> HttpResponse:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM nothing")
    return HttpResponse()


def idle(request: HttpRequest) -> HttpResponse:
    with connection.wrap_database_errors:
        raise IdleInTransactionSessionTimeout("terminating connection")


def full(request: HttpRequest) -> HttpResponse:
    with connection.wrap_database_errors:
        raise DiskFull("could not extend file: No space left on device")


def vanished(request: HttpRequest) -> HttpResponse:
    raise User.NotUpdated("deleted since it was read")


@csrf_exempt
def find(request: HttpRequest, name: str = "") -> HttpResponse:
    asked = name or request.GET.get("q") or request.POST.get("q")
    return HttpResponse(str(User.objects.filter(name=asked).exists()))


def row(request: HttpRequest) -> HttpResponse:
    for name in ("first", "second"):
        User.objects.create_user(f"same@{request.get_host()}", name=name)
    return HttpResponse()


@require_POST
def button(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


broken = [
    path("bug", bug),
    path("forbidden", forbidden),
    path("suspicious", suspicious),
    path("away", away),
    path("gone", gone),
    path("too-long", too_long),
    path("read-only", read_only),
    path("full", full),
    path("slow", slow),
    path("undefined", undefined),
    path("idle", idle),
    path("vanished", vanished),
    path("find", find),
    path("find/<str:name>", find),
    path("row", row),
    path("button", button),
    path("secret/<token>", bug),
]
urlpatterns = [path("broken/", include(broken)), path("api/broken/", include(broken)), *urlpatterns]
