"""What is taken: one JSON object in UTF-8, of at most MAX_BYTES, whose values a form checks."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]

from accounts import strict_json
from config.api.methods import View
from config.errors import json_error

MAX_BYTES = 16 * 1024


def takes_json(view: Callable[[HttpRequest, dict[str, Any]], HttpResponse]) -> View:
    """Call the view with the object that was posted, or answer what was wrong with it."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        if request.content_type != "application/json":
            return json_error(415, "Send JSON, with Content-Type: application/json.")
        if request.headers.get("Content-Encoding", "identity") != "identity":
            return json_error(415, "Send the body as it is, without Content-Encoding.")
        body = _read(request)
        if body is None:
            return json_error(413, f"Send at most {MAX_BYTES} bytes.")
        try:
            data = strict_json.parse(body)
        except ValueError:
            return json_error(400, "The body must be one JSON object in UTF-8.")
        return view(request, data)

    return answer


def texts(data: dict[str, Any]) -> dict[str, str]:
    """Return what a form can take: to it, anything but text is missing."""
    return {name: value for name, value in data.items() if isinstance(value, str)}


def reasons(form: Form, data: dict[str, Any]) -> dict[str, str]:
    """Return what is wrong with which field, of a form made from the texts in `data`.

    null is as good as nothing; what is neither that nor text is a mistake in any field.
    """
    wrong = {name: str(errors[0]) for name, errors in form.errors.items()}
    return wrong | {
        name: "This must be a string."
        for name in form.fields
        if not isinstance(data.get(name), str | None)
    }


def _read(request: HttpRequest) -> bytes | None:
    """Return the body, or None for one of more than MAX_BYTES, of which no more is read.

    Raises UnreadablePostError for one that ends too early or is not framed as HTTP wants it.
    """
    if not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated"):
        return _read_chunks(request)
    length = _length(request)
    if length > MAX_BYTES:
        return None
    if len(request.body) < length:
        raise UnreadablePostError("The body is shorter than its Content-Length.")
    return request.body


def _read_chunks(request: HttpRequest) -> bytes | None:
    """Read what gunicorn knows the end of: to Django, a body without a length is empty."""
    try:
        body: bytes = request.META["wsgi.input"].read(MAX_BYTES + 1)
    except (OSError, ParseException) as error:
        raise UnreadablePostError(*error.args) from error
    return body if len(body) <= MAX_BYTES else None


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:  # from a server that does not look at it; Django takes it for 0, too
        return 0
