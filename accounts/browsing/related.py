"""What points at a row, for its page in the admin: of each table the newest few.

Every table is here as soon as the admin shows it, also one of your own app.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import ForeignObjectRel, Model
from django.http import HttpRequest
from django.utils.text import capfirst

from accounts.browsing.rows import address_of, leads_an_index
from accounts.events import Event, with_names

SHOWN = 5
HISTORY = 100


class RelatedList(NamedTuple):
    title: str
    rows: list[tuple[str, Model]]  # the address of each row's page, and the row
    url: str  # of all of them
    more: bool
    add: str = ""  # where one more is added


def related_lists(row: Model, request: HttpRequest) -> Iterator[RelatedList]:
    """Yield the rows of each table that point at this one; one statement for each.

    The tables are those that this user may look at. One without an index that would find the rows
    gets the link alone.
    """
    for field in _pointers(type(row)):
        model_admin = admin.site._registry.get(field.model)
        if model_admin and model_admin.has_view_permission(request):
            yield _related_list(row, field, model_admin, request)
    if isinstance(row.pk, UUID) and not isinstance(row, Event):
        yield _events(row)


def history(row: Model) -> list[Event] | None:
    """Return the newest events about a row, with the names in them; None where none tell of it.

    Those of a table whose keys are no UUIDs name the row in their data, by which none is found.
    """
    if not isinstance(row.pk, UUID) or isinstance(row, Event):
        return None
    return with_names(Event.about(row.pk, most=HISTORY))


def _pointers(model: type[Model]) -> list[Any]:
    """Return the foreign keys that lead here, also those of the tables between two others."""
    relations = [
        field
        for field in model._meta.get_fields(include_hidden=True)
        if isinstance(field, ForeignObjectRel) and not field.many_to_many
    ]
    return [relation.field for relation in relations if relation.field.concrete]


def _events(row: Model) -> RelatedList:
    """Return what happened to it and what a person did, which no foreign key tells."""
    newest = with_names(Event.about(row.pk, most=SHOWN + 1))
    return RelatedList(
        title="Events",
        rows=[(address_of(Event, "change", event.pk), event) for event in newest[:SHOWN]],
        url=address_of(Event, "changelist", query={"q": row.pk}),
        more=len(newest) > SHOWN,
    )


def _related_list(row: Model, field: Any, model_admin: Any, request: HttpRequest) -> RelatedList:
    model = field.model
    is_found = leads_an_index(field)
    newest = _newest(row, field, model_admin, request) if is_found else []
    query = {field.name: getattr(row, _target(field))}
    asked = flatten_fieldsets(model_admin.get_fieldsets(request))
    may_add = field.name in asked and model_admin.has_add_permission(request)
    return RelatedList(
        title=_title(field, model_admin),
        rows=[(address_of(model, "change", other.pk), other) for other in newest[:SHOWN]],
        url=address_of(model, "changelist", query=query),
        more=len(newest) > SHOWN or not is_found,
        add=address_of(model, "add", query=query) if may_add else "",
    )


def _newest(row: Model, field: Any, model_admin: Any, request: HttpRequest) -> list[Any]:
    rows = model_admin.get_queryset(request).filter(**{field.name: row}).order_by("-pk")
    needed = model_admin.get_list_select_related(request)
    if isinstance(needed, list | tuple):
        rows = rows.select_related(*needed)
    return list(rows[: SHOWN + 1])


def _target(field: Any) -> str:
    """Return the column that the foreign key points at, mostly the primary key."""
    return field.target_field.attname


def _title(field: Any, model_admin: Any) -> str:
    """Return 'Sessions', or 'Sessions: impersonated by' where the column is not called as usual."""
    plural = capfirst(model_admin.opts.verbose_name_plural)
    is_usual = field.verbose_name == field.related_model._meta.verbose_name
    return plural if is_usual else f"{plural}: {field.verbose_name}"
