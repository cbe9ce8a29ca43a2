"""Logs: one line an event, each with the id of the request it belongs to and no secret in it.

Paths hold tokens (an invitation's, a password reset's), so no line has one: a request is named by
its route, `invitations/<token>/`. Query strings, headers and bodies are not logged at all.
"""

import copy
import logging
import re
import secrets
import time
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)

# The row that PostgreSQL refused, which may hold a password's hash, up to the exception it caused.
DATABASE_DETAIL = re.compile(
    r"^DETAIL: .*?(?=\n\n(?:The above exception|During handling)|\Z)", re.MULTILINE | re.DOTALL
)

# gunicorn goes on with what it could not read: a path with a token, a header with a session.
UNREADABLE = re.compile(r"(?<=^Invalid request from )(ip=\S*: [^:'\"]*).*", re.DOTALL)

# No line of ours shows these, and looking them up is a fifth of what a line costs.
logging.logThreads = logging.logMultiprocessing = False
logging.logAsyncioTasks = False  # type: ignore[attr-defined]

request_id: ContextVar[str] = ContextVar("request_id", default="")
logger = logging.getLogger(__name__)


def configuration(*, json: bool) -> dict[str, Any]:
    """Return LOGGING: everything to standard error, one JSON object a line or readable text."""
    logging.captureWarnings(capture=True)  # Python's own, which are text otherwise
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"discreet": {"()": DiscreetFilter}},
        "formatters": {"json": JSON, "text": TEXT},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json" if json else "text",
                "filters": ["discreet"],
            }
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            **{name: {"level": "INFO"} for name in ("config", "accounts", "orgs", "waitlist")},
            # Everything goes up to the root logger; Django would also mail the administrators.
            "django": {"handlers": [], "level": "INFO"},
            # 4xx and runserver's lines: ours, one a request, says the same without the path.
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "level": "CRITICAL", "propagate": False},
            "gunicorn.error": {"handlers": [], "level": "INFO", "propagate": True},
            # It warns of every answer to HEAD, which Django leaves to it to shorten.
            "gunicorn.http.wsgi": {"level": "ERROR"},
        },
    }


JSON = {
    "()": "pythonjsonlogger.json.JsonFormatter",
    "fmt": ["levelname", "name", "message", "request_id"],
    "rename_fields": {"levelname": "level", "name": "logger"},
    "timestamp": "time",
}
TEXT = {
    "()": "config.logs.TextFormatter",
    "format": "%(asctime)s %(levelname)s %(message)s [%(request_id)s]",
    "datefmt": "%H:%M:%S",
}


class RequestLogMiddleware:
    """Gives each request an id, answers it as a header and writes the request's one line."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        # Never reset: Django logs a 500 after the last middleware has returned.
        request.id = _id_of(request)  # type: ignore[attr-defined]
        request_id.set(request.id)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response[HEADER] = request_id.get()
        _log(request, response.status_code, milliseconds=(time.perf_counter() - started) * 1000)
        return response


class TextFormatter(logging.Formatter):
    """Leaves out the request's id where there is no request."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return super().formatMessage(record).removesuffix(" []")


class DiscreetFilter(logging.Filter):
    """Adds the request id to a record, and takes out paths and what PostgreSQL tells of a row."""

    def filter(self, record: logging.LogRecord) -> logging.LogRecord:
        record = copy.copy(record)  # other handlers get the record as it was
        request = record.__dict__.pop("request", None)
        record.request_id = request_id.get()
        if record.name == "gunicorn.error":
            record.msg = UNREADABLE.sub(r"\1", str(record.msg))
        if isinstance(record.args, tuple):
            record.args = tuple(_without_path(value, request) for value in record.args)
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = None  # the visitor's doing, such as an unknown host: a line will do
        if record.exc_info:
            text = "".join(traceback.format_exception(*record.exc_info))
            record.exc_text = DATABASE_DETAIL.sub("DETAIL: (left out)", text).rstrip()
            record.exc_info = None
        return record


def _id_of(request: HttpRequest) -> str:
    """Return the id that a trusted proxy gave the request, or a new one."""
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT and ACCEPTABLE_ID.fullmatch(given):
        return given
    return secrets.token_hex(16)


def _log(request: HttpRequest, status: int, *, milliseconds: float) -> None:
    route, outage = _route(request), getattr(request, "outage", None)  # see config.errors
    # Without a route it was a static file, a health check or a redirect to https.
    level = logging.INFO if route or status >= 400 else logging.DEBUG
    level = logging.ERROR if outage else level
    if not logger.isEnabledFor(level):
        return
    user = getattr(getattr(request, "session", None), "user", None)  # if the session was read
    fields = {
        "method": request.method,
        "route": route,
        "status": status,
        "milliseconds": round(milliseconds, 1),
        "user": str(user.pk) if user else None,
    }
    words = {
        **fields,
        "route": route or "(no route)",
        "cause": f": {outage.cause}" if outage else "",
    }
    text = "%(method)s %(route)s %(status)s in %(milliseconds)s ms%(cause)s"
    error = outage.error if outage and outage.is_of_code else None
    logger.log(level, text, words, extra=fields, exc_info=error)


def _route(request: HttpRequest | None) -> str | None:
    """Return the pattern that the path matched: it holds names where the path holds values."""
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match else None


def _without_path(value: Any, request: HttpRequest | None) -> Any:
    if isinstance(value, str) and value.startswith("/"):
        return _route(request) or "(path left out)"
    return value
