"""CSV of a list of the admin: the rows that its search and filters leave, with all their columns.

However many these are, a few thousand are in memory at a time. They are read by statements of their
own, each beginning after the last row of the one before: no cursor and no transaction stays open.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from itertools import chain
from typing import IO, Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.db.models import Field, JSONField, Model, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.browsing import turns
from accounts.browsing.rows import address_of, own_field
from accounts.events import Event
from accounts.own_data import LOOKS_SECRET, OPAQUE
from accounts.signin.reauthentication import require_fresh_sign_in
from accounts.verbs import Verb

PAGE = 5_000  # rows
BOM = "\ufeff"  # by which Excel knows UTF-8; it would garble every name that is not in ASCII
LONGEST_CHOICE = 40  # letters of what a filter offers
ONE_AT_A_TIME = (
    "Another download of yours is still on its way. Wait until it is done, or cancel it, and then "
    "start this one."
)
BROKEN_OFF = "The download broke off here: it is incomplete.\r\n"
# What spreadsheets calculate, also behind blanks and in other widths. What OWASP says of it:
# https://owasp.org/www-community/attacks/CSV_Injection
SIGN = r"[=+\-@＝＋－＠﹦﹢﹣﹫]"
FORMULA = re.compile(rf"\s*{SIGN}|[\t\r\n]")
# Where commas are decimal points, spreadsheets expect semicolons (or tabs) between cells, and then
# know no quotes: what we have as one cell is several to them.
FORMULA_WITHIN = re.compile(rf"(?<=[;\t\r\n])(?=[^\S\t\r\n]*{SIGN})")


class Downloadable(admin.ModelAdmin):
    """A list that can be taken along as CSV, by whoever may read it, after a fresh sign-in."""

    # The CSV has every column but what sounds secret or nobody can read (accounts/own_data.py), and
    # of that what the admin's pages show. Beside those:
    also_in_csv: Sequence[str] = ()
    never_in_csv: Sequence[str] = ()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.rows_csv))
        name = f"{self.opts.app_label}_{self.opts.model_name}_csv"
        return [path("rows.csv", view, name=name), *super().get_urls()]

    def rows_csv(self, request: HttpRequest) -> HttpResponseBase:
        """Download what the list of this query shows, in its order if that is one page.

        More than that comes the newest first, or the oldest if the list begins with that. What is
        wrong with the query, or the database, turns up before the download begins.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        require_fresh_sign_in(request)
        try:
            rows = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return redirect(address_of(self.model, "changelist", query={ERROR_FLAG: 1}))
        name = f"{self.opts.app_label}-{self.opts.model_name}-{timezone.now():%Y-%m-%d}.csv"
        headers = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        if request.method == "HEAD":
            return HttpResponse(headers=headers)
        fields = self.fields_in_csv(request)
        pages = _pages(rows.queryset, fields)
        begun = chain([next(pages)], pages)
        user: Any = request.user
        if (turn := turns.take(user.pk)) is None:
            messages.warning(request, ONE_AT_A_TIME)
            return redirect(address_of(self.model, "changelist", query=request.GET))
        self._record_download(request, rows)
        return StreamingHttpResponse(_lines(fields, begun, turn), headers=headers)

    def fields_in_csv(self, request: HttpRequest) -> list["Field[Any, Any]"]:
        """Return the columns that may be read, the key before what is inherited."""
        shown = {*self.get_list_display(request), *flatten_fieldsets(self.get_fieldsets(request))}
        readable = {*shown, *self.also_in_csv}
        return [
            field
            for field in sorted(self.opts.concrete_fields, key=lambda one: not one.primary_key)
            if field.name not in self.never_in_csv
            and (field.name in readable or not _is_kept_back(field))
        ]

    def _record_download(self, request: HttpRequest, rows: ChangeList) -> None:
        user: Any = request.user
        table = f"{self.opts.app_label} {self.opts.verbose_name_plural}"
        filters, count = _filters(rows), str(rows.result_count)
        Event.record(Verb.ROWS_DOWNLOADED, by=user, table=table, filters=filters, rows=count)


def _is_kept_back(field: "Field[Any, Any]") -> bool:
    return bool(LOOKS_SECRET.search(field.name)) or isinstance(field, OPAQUE)


def _filters(rows: ChangeList) -> str | None:
    """Return what the list is filtered by, for the audit trail: 'role=admin, search'.

    Words that somebody typed may be an address or a name, which the trail could never forget: of
    these it has no more than that there were some.
    """
    offered = {name for spec in rows.filter_specs for name in spec.expected_parameters()}
    told = []
    for name, values in rows.get_filters_params().items():
        is_harmless = _is_choice if name in offered else partial(_is_key, rows.model, name)
        told.append(f"{name}={','.join(values) if all(map(is_harmless, values)) else '…'}")
    return ", ".join([*told, *(["search"] if rows.query else [])]) or None


def _is_choice(value: str) -> bool:
    """Whether a filter may have offered this; what somebody put in its place may be an address."""
    return len(value) <= LONGEST_CHOICE and "@" not in value


def _is_key(model: type[Model], name: str, value: str) -> bool:
    """Whether this is the key of a row; other numbers may be somebody's, elsewhere."""
    try:
        UUID(value)
    except ValueError:
        field = own_field(model, name.partition("__")[0])
        is_key = field is not None and (field.is_relation or field.primary_key)
        return is_key and value.isdecimal()
    return True


def _pages(rows: QuerySet[Any], fields: list["Field[Any, Any]"]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows, a page at a time: by their key, for other orders would be sorted each time.

    The key comes first in each row. What appears or vanishes meanwhile disturbs nothing.
    """
    values = rows.values_list("pk", *map(_column, fields))
    page = list(values[: PAGE + 1])
    if len(page) <= PAGE:
        yield page
        return
    oldest_first = values.query.order_by[0] in ("pk", rows.model._meta.pk.name)
    order, beyond = ("pk", "pk__gt") if oldest_first else ("-pk", "pk__lt")
    values = values.order_by(order)
    page = list(values[:PAGE])
    while page:
        yield page
        is_last = len(page) < PAGE  # to look further may mean to read the rest of the table
        page = [] if is_last else list(values.filter(**{beyond: page[-1][0]})[:PAGE])


def _column(field: "Field[Any, Any]") -> str | Cast:
    """Return what to read of a field; JSON is read as the text that the CSV has."""
    is_json = isinstance(field, JSONField)
    return Cast(field.attname, TextField()) if is_json else field.attname


def _lines(
    fields: list["Field[Any, Any]"], pages: Iterator[list[tuple[Any, ...]]], turn: IO[str]
) -> Iterator[str]:
    """Yield the file, a page at a time, and meanwhile leave the database's connection to others.

    Whoever downloads slowly would keep it for as long, and two of them all that a small pool has.
    An error breaks the download off, by which the browser knows that something is missing; the last
    line says so wherever a proxy keeps that from it.
    """
    with turn:
        _lend_connection()
        yield BOM + _csv([[field.attname for field in fields]])
        try:
            for page in pages:
                _lend_connection()
                yield _csv(_cells(row[1:]) for row in page)
        except DatabaseError:
            yield BROKEN_OFF
            raise


def _lend_connection() -> None:
    """Give it back to the pool; the next statement takes one anew."""
    if not connection.in_atomic_block:
        connection.close()


def _csv(rows: Any) -> str:
    text = StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cells(values: Sequence[Any]) -> list[Any]:
    """Return the values as the CSV has them; what has no entry in FORMATS is written as it is."""
    return [write(value) if (write := FORMATS.get(type(value))) else value for value in values]


def _harmless(text: str) -> str:
    """Return the text as spreadsheets take for text, whatever it or a part of it begins with."""
    if ";" in text or "\n" in text or "\t" in text or "\r" in text:
        text = FORMULA_WITHIN.sub("'", text)
    return f"'{text}" if FORMULA.match(text) else text


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _list(values: list[Any]) -> str:
    return _harmless(", ".join(map(str, _cells(values))))


FORMATS: dict[type, Callable[[Any], str]] = {str: _harmless, datetime: _iso, list: _list}
