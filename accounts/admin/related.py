"""A person's rows in other tables, for their page in the admin: of each table the newest few.

Every table that points at people is here as soon as the admin shows it, also one of your own app.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from accounts.events import Event, with_names
from accounts.models import User

SHOWN = 5


class RelatedList(NamedTuple):
    title: str
    rows: list[tuple[str, Model]]  # the address of each row's page, and the row
    url: str  # of all of them
    more: bool


def related_lists(person: User, request: HttpRequest) -> Iterator[RelatedList]:
    """Yield the person's rows of each table that this user may look at; one statement each."""
    for relation in User._meta.related_objects:
        model_admin = admin.site._registry.get(relation.related_model)
        if relation.many_to_many:  # the table between has the same rows, and says more
            continue
        if model_admin and model_admin.has_view_permission(request):
            yield _related_list(person, relation.field, model_admin, request)
    if admin.site._registry[Event].has_view_permission(request):
        yield _events(person)


def _events(person: User) -> RelatedList:
    """Return what they did and what was done to them, which no foreign key tells."""
    page = "admin:accounts_event"
    newest = with_names(Event.of(person)[: SHOWN + 1])
    return RelatedList(
        title="Events",
        rows=[(reverse(f"{page}_change", args=[event.pk]), event) for event in newest[:SHOWN]],
        url=reverse(f"{page}_changelist", query={"q": person.email}),
        more=len(newest) > SHOWN,
    )


def _related_list(person: User, field: Any, model_admin: Any, request: HttpRequest) -> RelatedList:
    options = model_admin.opts
    page = f"admin:{options.app_label}_{options.model_name}"
    rows = model_admin.get_queryset(request).filter(**{field.name: person}).order_by("-pk")
    if isinstance(model_admin.list_select_related, list):
        rows = rows.select_related(*model_admin.list_select_related)
    newest = list(rows[: SHOWN + 1])
    return RelatedList(
        title=_title(field, options),
        rows=[(reverse(f"{page}_change", args=[row.pk]), row) for row in newest[:SHOWN]],
        url=reverse(f"{page}_changelist", query={f"{field.name}__id__exact": person.pk}),
        more=len(newest) > SHOWN,
    )


def _title(field: Any, options: Any) -> str:
    """Return 'Sessions', or 'Sessions: impersonated by' where the row is somebody else's."""
    plural = capfirst(options.verbose_name_plural)
    return plural if field.name == "user" else f"{plural}: {field.verbose_name}"
