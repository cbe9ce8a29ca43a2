"""What the fields of the admin's forms suggest while somebody types."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from accounts.browsing.counting import Suggestions
from accounts.browsing.lists import MADE_UP

if TYPE_CHECKING:
    from django.core.paginator import Paginator


class Autocompletion(AutocompleteJsonView):
    """Counts nothing: no more than the first suggestions are ever read."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().get(request, *args, **kwargs)
        except MADE_UP as error:
            raise BadRequest("Nothing can be called that.") from error

    def get_paginator(self, queryset: Any, per_page: int, **kwargs: Any) -> "Paginator[Any]":  # type: ignore[override]
        return Suggestions(queryset, per_page, **kwargs)
