"""What the fields of the admin's forms suggest while somebody types."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView

from accounts.browsing.counting import Suggestions

if TYPE_CHECKING:
    from django.core.paginator import Paginator


class Autocompletion(AutocompleteJsonView):
    """Counts nothing: no more than the first suggestions are ever read."""

    def get_paginator(self, queryset: Any, per_page: int, **kwargs: Any) -> "Paginator[Any]":  # type: ignore[override]
        return Suggestions(queryset, per_page, **kwargs)
