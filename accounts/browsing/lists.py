"""How the admin shows rows, of every app: the newest first, and what is only to look at."""

import re
from collections.abc import Sequence
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.db import DataError, ProgrammingError, models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.browsing.counting import BoundedPaginator
from accounts.browsing.deleting import Deletable
from accounts.browsing.editing import Editable
from accounts.browsing.export import Downloadable
from accounts.browsing.related import HISTORY, history, related_lists
from accounts.browsing.rows import (
    CREATED,
    Rows,
    address_of,
    ids_grow,
    leads_an_index,
    own_field,
)
from accounts.browsing.searching import found
from accounts.events import Event

# What a parameter that nobody meant raises once the database reads by it.
MADE_UP = (
    DataError,
    ProgrammingError,
    LookupError,
    OverflowError,
    TypeError,
    ValidationError,
    ValueError,
)
PATTERNS = ("regex", "iregex")
PRAISE = re.compile(r"was (added|changed|deleted) successfully")


class Browsable(Downloadable, Deletable, Editable):
    """Every list and every row of the admin: quick however many there are, and led on from.

    In the order of the primary key, a hundred a page, counted as far as anybody reads; sorted by
    what an index serves; found by the beginnings in `search_fields`, each alone by an index.
    """

    ordering = ["-pk"]
    paginator = BoundedPaginator
    show_full_result_count = False
    view_on_site = False
    filtered_by: Sequence[str] = ()  # fields that links filter by, beside those that are shown

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Rows

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """Return the columns that can be sorted: unless they are named, what an index serves."""
        if self.sortable_by is not None:
            return self.sortable_by
        return [name for name in self.get_list_display(request) if self._is_served(name)]

    def _is_served(self, name: Any) -> bool:
        field = own_field(self.model, name)
        if field is None or field.is_relation:
            return False
        return leads_an_index(field) or (name == CREATED and ids_grow(self.model))

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        fields = self.get_search_fields(request)
        return found(queryset, [str(field) for field in fields], search_term), False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Filter only by what is shown: `?password__startswith=a` and so on would read a hash.

        Not by a pattern either: one can be written that keeps the database busy for hours.
        """
        name, *_, comparison = lookup.split("__") if "__" in lookup else (lookup, "")
        try:
            field = self.opts.get_field(name)
        except FieldDoesNotExist:
            is_shown = True  # the name of a filter of our own, or of nothing
        else:
            shown = {*flatten_fieldsets(self.get_fieldsets(request)), *self.filtered_by}
            shown |= {*self.get_list_display(request)}
            shown |= {_name_of(one) for one in self.get_list_filter(request)}
            is_shown = field.is_relation or getattr(field, "primary_key", False) or name in shown
        is_quick = comparison not in PATTERNS
        return is_shown and is_quick and super().lookup_allowed(lookup, value, request)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Refuse `?_to_field=` of what leads here from other tables: Django breaks on it."""
        is_column = own_field(self.model, to_field) is not None
        return is_column and super().to_field_allowed(request, to_field)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Lead made-up parameters back to the list, as Django does with those it notices itself."""
        try:
            return super().get_changelist_instance(request)
        except MADE_UP as error:
            if not request.GET or ERROR_FLAG in request.GET:
                raise
            raise IncorrectLookupParameters from error

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return the row, or None for what is no key of this table."""
        try:
            return super().get_object(request, object_id, from_field)
        except MADE_UP:
            return None

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj:
            context["related_lists"] = related_lists(obj, request)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show what the audit trail tells of the row, where Django has its own log alone."""
        answer = super().history_view(request, object_id, extra_context)
        if isinstance(answer, TemplateResponse) and answer.context_data:
            row = answer.context_data["object"]
            url = address_of(Event, "changelist", query={"q": row.pk})
            told = {"events": history(row), "most": HISTORY, "events_url": url}
            answer.context_data |= told
        return answer

    def action_checkbox(self, obj: Any) -> SafeString:
        """Return Django's, written out: its widget is a quarter of what a list takes."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select"'
            ' aria-label="Select this object for an action - {}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            obj,
        )

    def message_user(self, request: HttpRequest, message: Any, *args: Any, **kwargs: Any) -> None:
        """Say what happened; Django would add that it went successfully."""
        plain = type(message)(PRAISE.sub(r"was \1", message))
        super().message_user(request, plain, *args, **kwargs)

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Refuse made-up rows: Django would ask the database for what is no key of this table."""
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.opts.pk.to_python(key)
            except ValidationError as error:
                raise BadRequest("Choose rows from the list.") from error
        return super().response_action(request, *args, **kwargs)


class NothingToAdd(Browsable):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class NothingToChange(NothingToAdd):
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(NothingToChange):
    """Rows that others than people write."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _name_of(list_filter: Any) -> str:
    """Return the field, or the parameter, that an entry of `list_filter` filters by."""
    if isinstance(list_filter, list | tuple):
        return list_filter[0]
    return getattr(list_filter, "parameter_name", list_filter)
