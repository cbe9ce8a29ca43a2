"""In which charset a request is read."""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.handlers.wsgi import WSGIRequest

EVERY_BYTE = bytes(range(256))


class Request(WSGIRequest):
    """A request whose charset is none of text, such as rot13, is read as one that names none.

    Django takes each name that Python has a codec for, and fails with the first text it decodes:
    the query, in here, where nobody answers for it. So it is with a query of too many fields.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        sent = environ.copy()  # Django decodes the path in its place, which is to be done once
        try:
            super().__init__(environ)
            EVERY_BYTE.decode(self.encoding or "utf-8", "replace")
        except (LookupError, ValueError, SuspiciousOperation):
            content_type = environ["CONTENT_TYPE"].partition(";")[0]
            self._encoding = None  # which would stay, as no charset is no reason to set it
            super().__init__(sent | {"CONTENT_TYPE": content_type})
