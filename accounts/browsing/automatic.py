"""Tables that no app has registered are in the admin all the same, to look at."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import BooleanField, CharField, Model, TextField
from django.http import HttpRequest

from accounts import own_data
from accounts.browsing.filters import AgeFilter
from accounts.browsing.lists import ReadOnly
from accounts.browsing.rows import ids_grow, leads_an_index

MOST_COLUMNS = 8


class Automatic(ReadOnly):
    """All columns but those that sound secret or that nobody can read, as in own_data.

    An admin class of the table's own is better: it says what matters, and how to search for it.
    """

    search_help_text = "A whole id, or the beginning of a text that has an index"

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return [field.name for field in own_data.shown(self.model)]

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return columns, first one that leads to the row and to no other."""
        columns = self.get_fields(request)[:MOST_COLUMNS]
        return columns if self.opts.pk.name in columns else ["pk", *columns][:MOST_COLUMNS]

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Return what has few choices, and the age if it is in the key."""
        fields = own_data.shown(self.model)
        few = [one.name for one in fields if one.choices or isinstance(one, BooleanField)]
        return [*few, *([AgeFilter] if ids_grow(self.model) else [])]

    def get_list_select_related(self, request: HttpRequest) -> list[str]:
        """Return what the columns point at, and what the names of that need."""
        return [
            f"{field.name}{further}"
            for field in own_data.shown(self.model)
            if field.related_model
            for further in ["", *(f"__{name}" for name in _needed_by(field.related_model))]
        ]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        texts = [
            one for one in own_data.shown(self.model) if isinstance(one, CharField | TextField)
        ]
        return ["pk__exact", *(f"{one.name}__startswith" for one in texts if leads_an_index(one))]


def _needed_by(model: Any) -> Sequence[str]:
    """Return the foreign keys that are read along with a row of this table."""
    needed = getattr(admin.site._registry.get(model), "list_select_related", ())
    return needed if isinstance(needed, list | tuple) else ()


def register_the_rest(site: admin.AdminSite) -> None:
    """Register each table that is not, also those between two others."""
    for model in apps.get_models(include_auto_created=True):
        if not site.is_registered(model):
            site.register(model, Automatic)
