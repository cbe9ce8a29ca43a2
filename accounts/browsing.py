"""How the admin shows rows, of every app: the newest first, and what is only to look at."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.core.paginator import Paginator
from django.db import DataError, ProgrammingError, models, transaction
from django.forms import ModelForm
from django.http import HttpRequest

from accounts.events import Event
from accounts.verbs import Verb

if TYPE_CHECKING:
    from accounts.models import User

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
MOST_COUNTED = 10_000  # rows: nobody turns more pages than that, and a million take seconds


class MoreThan(int):
    """A count that stopped: '10,000+' where a list says how many there are."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


def capped_count(rows: models.QuerySet[Any]) -> int:
    """Return how many rows there are, or MoreThan(MOST_COUNTED)."""
    counted = rows.order_by().values("pk")[: MOST_COUNTED + 1].count()
    return counted if counted <= MOST_COUNTED else MoreThan(MOST_COUNTED)


class CappedPaginator(Paginator):
    """Counts no further than MOST_COUNTED rows, so that a list opens as fast with a million."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return capped_count(rows)


class Browsable(admin.ModelAdmin):
    """In the order of the primary key, a hundred a page, counted as far as anybody reads."""

    ordering = ["-id"]
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each counts all rows
    filtered_by: Sequence[str] = ()  # fields that links filter by, beside those that are shown

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Filter only by what is shown: `?password__startswith=a` and so on would read a hash."""
        name = lookup.partition("__")[0]
        try:
            field = self.opts.get_field(name)
        except FieldDoesNotExist:
            is_shown = True  # the name of a filter of our own, or of nothing
        else:
            shown = {*flatten_fieldsets(self.get_fieldsets(request)), *self.filtered_by}
            shown |= {*self.get_list_display(request)}
            shown |= {_name_of(one) for one in self.get_list_filter(request)}
            is_shown = field.is_relation or getattr(field, "primary_key", False) or name in shown
        return is_shown and super().lookup_allowed(lookup, value, request)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Lead made-up parameters back to the list, as Django does with those it notices itself."""
        try:
            return super().get_changelist_instance(request)
        except MADE_UP as error:
            if not request.GET or ERROR_FLAG in request.GET:
                raise
            raise IncorrectLookupParameters from error

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


class Recorded(Browsable):
    """What somebody changes or deletes here is in the audit trail, too."""

    change_verb: Verb
    delete_verb: Verb

    def told_of(self, obj: Any) -> dict[str, Any]:
        """Return the subject and whatever else the event of a change of `obj` is to say."""
        return {"subject": obj}

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and form.changed_data:
            self.record(request, self.change_verb, obj, fields=form.changed_data)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.record(request, self.delete_verb, obj)
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        for obj in queryset:
            self.record(request, self.delete_verb, obj)
        super().delete_queryset(request, queryset)

    def record(self, request: HttpRequest, verb: Verb, obj: Any, **data: Any) -> None:
        by = cast("User", request.user)
        Event.record(verb, by=by, **self.told_of(obj), **data)


def _name_of(list_filter: Any) -> str:
    """Return the field, or the parameter, that an entry of `list_filter` filters by."""
    if isinstance(list_filter, list | tuple):
        return list_filter[0]
    return getattr(list_filter, "parameter_name", list_filter)
