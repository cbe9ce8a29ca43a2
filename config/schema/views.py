"""/admin/schema/: what is there, to look at. The gate lets in staff; nothing is changed here."""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.schema import catalog, history, pages, survey
from config.schema.diagram import draw


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Every table by app; `?q=` is part of a table's, a model's or a column's name."""
    found = survey.read()
    search = request.GET.get("q", "").strip()
    tables = found.tables.values()
    return _page(
        request,
        "overview",
        "Schema",
        survey=found,
        server=catalog.server(),
        size=sum(table.size for table in tables if table.kind != "partition"),
        search=search,
        groups=pages.groups(found, search.lower()),
        diagram="" if search else draw(found.tables),
    )


@require_safe
def table(request: HttpRequest, name: str) -> HttpResponse:
    """Everything of one table, and what is around it."""
    found = survey.read()
    if name not in found.tables:
        raise Http404(f"There is no table {name}.")
    one = found.tables[name]
    return _page(
        request,
        "table",
        name,
        survey=found,
        server=catalog.server(),
        table=one,
        names={*found.tables},
        rows=pages.rows(one),
        notes=pages.notes(one, found),
        list_url=pages.list_url(one),
        differences=found.of(name),
        columns=pages.columns(one, found),
        diagram=draw(found.tables, focus=name),
        **pages.parts(one, found),
    )


@require_safe
def migrations(request: HttpRequest) -> HttpResponse:
    return _page(request, "migrations", "Migrations", history=history.read())


def _page(request: HttpRequest, template: str, title: str, **context: object) -> HttpResponse:
    context |= {**admin.site.each_context(request), "title": title}
    return render(request, f"admin/schema/{template}.html", context)
