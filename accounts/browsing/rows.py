"""The list of a table in the admin: its rows, and what leads from them to others."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import FieldDoesNotExist
from django.db.models import F, Field, Func, Model, OrderBy, QuerySet, TextField
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from uuid_utils.compat import uuid7

from accounts.browsing.counting import MOST_SORTED

CREATED = "created"
MOST_FACETED = 10_000  # rows: each choice of each filter is counted
MOST_WORDS = 10  # of a search: each is a condition, and for each other table a statement


def address_of(model: type[Model], page: str, *args: Any, query: Any = None) -> str:
    """Return where the admin has a table's changelist or add page, or a row's change page."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
    return reverse(name, args=[quote(arg) for arg in args], query=query)


def link_to(row: Model | None, text: str = "") -> str:
    """Return the name of a row, or the text, leading to its page in the admin."""
    if row is None:
        return ""
    if not admin.site.is_registered(type(row)):
        return text or str(row)
    return format_html('<a href="{}">{}</a>', address_of(type(row), "change", row.pk), text or row)


def own_field(model: type[Model], name: Any) -> "Field[Any, Any] | None":
    """Return the column of this name, if the table has one."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if isinstance(field, Field) and field.concrete else None


def leads_an_index(field: "Field[Any, Any]") -> bool:
    """Whether rows are found, and sorted, by this column through an index."""
    options = field.model._meta
    together = [
        *options.unique_together,
        *(one.fields for one in options.total_unique_constraints),
        *(index.fields for index in options.indexes if index.condition is None),
    ]
    first = {fields[0] for fields in together if fields}
    return field.unique or getattr(field, "db_index", False) or field.name in first


def ids_grow(model: type[Model]) -> bool:
    """Whether ids tell which row is older: the order of a primary key costs nothing."""
    return model._meta.pk.default is uuid7


class Link:
    """A column with a foreign key, which leads to the row that it points at."""

    def __init__(self, field: Any) -> None:
        self.__name__ = self.name = field.name
        self.short_description = field.verbose_name

    def __call__(self, row: Model) -> str:
        return link_to(getattr(row, self.name))


def _without_index(term: Any) -> Any:
    """Return what sorts by the same, and nothing that an index has."""
    if not isinstance(term, str):
        return term
    row = Func(F(term.removeprefix("-")), function="ROW", output_field=TextField())
    return OrderBy(row, descending=term.startswith("-"))


class Rows(ChangeList):
    """Sorts by what an index serves, counts choices of few rows alone, and links foreign keys."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = capfirst(str(self.opts.verbose_name_plural))
        self.list_display = [self._linked(name) for name in self.list_display]
        self.most_words = MOST_WORDS if len(self.query.split()) > MOST_WORDS else None

    def get_ordering_field(self, field_name: Any) -> Any:
        """Obey no `?o=` of a column whose header offers no sorting."""
        if field_name not in (self.sortable_by or ()):
            return None
        if field_name == CREATED and ids_grow(self.model):
            return "pk"
        return super().get_ordering_field(field_name)

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = self._shown()
        self.is_facets_optional = self.is_facets_optional and self._is_faceted(request)
        self.add_facets = self.add_facets and self.is_facets_optional

    def _shown(self) -> QuerySet[Any]:
        """Return the rows of the page: their keys are found first, then these alone are joined.

        Otherwise whole rows would be joined for all the pages before, too. What a filter or a
        search leaves, if it is not much, is sorted without an index: PostgreSQL would rather walk
        past a million others in their order.
        """
        is_page = self.multi_page and not (self.show_all and self.can_show_all)
        size = self.list_per_page if is_page else self.list_max_show_all
        start = (self.page_num - 1) * size if is_page else 0
        keys = self.queryset.values("pk")
        if keys.query.where and self.result_count <= MOST_SORTED:
            keys = keys.order_by(*map(_without_index, keys.query.order_by))
        return self.queryset.filter(pk__in=keys[start : start + size])

    def _is_faceted(self, request: HttpRequest) -> bool:
        """Whether few rows are left without any filter: a facet counts what others leave."""
        if self.result_count > MOST_FACETED or not self.has_active_filters:
            return self.result_count <= MOST_FACETED
        rows, _ = self.model_admin.get_search_results(request, self.root_queryset, self.query)
        return rows.order_by().values("pk")[: MOST_FACETED + 1].count() <= MOST_FACETED

    def _linked(self, name: Any) -> Any:
        field = own_field(self.model, name)
        leads_to_its_row = name in (self.list_display_links or ())
        return Link(field) if field and field.is_relation and not leads_to_its_row else name
