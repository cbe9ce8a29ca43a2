"""Which methods an address takes."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.errors import json_error

View = Callable[[HttpRequest], HttpResponse]


def by_method(**views: View) -> View:
    """Return the view that hands a request on by its method.

    HEAD goes to GET's view, if there is one; OPTIONS is answered with what there is.
    """
    if "GET" in views:
        views["HEAD"] = views["GET"]
    views["OPTIONS"] = lambda request: HttpResponse(status=204)
    allow = ", ".join(sorted(views))

    def answer(request: HttpRequest) -> HttpResponse:
        view = views.get(request.method or "")
        response = view(request) if view else json_error(405)
        if request.method == "OPTIONS" or not view:
            response["Allow"] = allow
        return response

    return answer
