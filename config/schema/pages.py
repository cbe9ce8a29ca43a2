"""What the pages of the schema show of a survey, line by line."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.utils.html import strip_tags

from accounts.browsing import address_of
from config.schema import catalog
from config.schema.catalog import Column, Constraint, ForeignKey, Index, Table, Trigger
from config.schema.comparison import Difference
from config.schema.survey import Survey


@dataclass(frozen=True)
class Line:
    """A table in the overview."""

    table: Table
    notes: list[str]
    columns: list[str]  # those that a search has found
    differences: int

    @property
    def rows(self) -> str:
        return rows(self.table)


@dataclass(frozen=True)
class Group:
    name: str
    lines: list[Line]


def groups(survey: Survey, search: str) -> list[Group]:
    """Return the tables by app, those without a model last; `search` is in a name of theirs."""
    found = defaultdict(list)
    for table in survey.tables.values():
        columns = [one.name for one in table.columns if search and search in one.name.lower()]
        if search in table.name.lower() or search in table.model.lower() or columns:
            line = Line(table, notes(table, survey), columns, len(survey.of(table.name)))
            found[table.app].append(line)
    return [
        Group(_app(label), found[label]) for label in sorted(found, key=lambda app: (not app, app))
    ]


def notes(table: Table, survey: Survey) -> list[str]:
    """Return what is special about a table, in a few words each."""
    told = [] if table.kind == "table" else [table.kind]
    if table.is_unlogged:
        told.append("unlogged")
    if table.extension:
        told.append(f"of the extension {table.extension}")
    if any(one.name == table.name and not one.table for one in survey.by_hand.made):
        told.append("made by a migration")
    return told


def rows(table: Table) -> str:
    """Return PostgreSQL's estimate to read; a view has none."""
    if table.rows is not None:
        return f"{table.rows:,}"
    return "" if table.kind in ("view", "foreign table") else "not counted yet"


@dataclass(frozen=True)
class Part:
    """A column, constraint, index or trigger on the page of its table."""

    it: Column | Constraint | Index | Trigger
    differences: list[Difference]
    is_by_hand: bool = False
    points_at: list[ForeignKey] = field(default_factory=list)
    help: str = ""


def columns(table: Table, survey: Survey) -> list[Part]:
    helps = _helps(catalog.models_by_table().get(table.name))
    return [
        Part(
            column,
            survey.of(table.name, column.name),
            points_at=[key for key in table.foreign_keys if column.name in key.columns],
            help=column.comment or helps.get(column.name, ""),
        )
        for column in table.columns
    ]


def parts(table: Table, survey: Survey) -> dict[str, list[Part]]:
    """Return the constraints, indexes and triggers of a table."""

    def shown(ones: Sequence[Constraint | Index | Trigger]) -> list[Part]:
        return [
            Part(one, survey.of(table.name, one.name), survey.is_by_hand(one.name, table))
            for one in ones
        ]

    return {
        "constraints": shown(table.constraints),
        "indexes": shown(table.indexes),
        "triggers": shown(table.triggers),
    }


def list_url(table: Table) -> str:
    """Return the address of the table's rows in the admin; empty if they are not shown there."""
    model = catalog.models_by_table().get(table.name)
    if model is None or not admin.site.is_registered(model):
        return ""
    return address_of(model, "changelist")


def _helps(model: type[models.Model] | None) -> dict[str, str]:
    fields = model._meta.concrete_fields if model else []
    return {one.column: strip_tags(str(one.help_text)) for one in fields if one.column}


def _app(label: str) -> str:
    return str(apps.get_app_config(label).verbose_name) if label else "Without a model"
