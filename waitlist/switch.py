"""Whether there is a waitlist at all: WAITLIST_ENABLED."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

View = Callable[..., HttpResponse]


def where_enabled(view: View) -> View:
    """Let there be nothing at the view's address while the waitlist is switched off.

    Not even a form without its token is told apart then, so the view asks for that itself. Of the
    emails that were sent before, the links to leave the list go on working: they stay without this.
    """
    protected = view if getattr(view, "csrf_exempt", False) else csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.WAITLIST_ENABLED:
            raise Http404
        return protected(request, *args, **kwargs)

    return answer
