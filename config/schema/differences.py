"""What differs between the database and the models, in sentences: pages and `db check` show them.

What a migration makes by SQL of its own is no difference, unless it is changed or gone again.
"""

from collections.abc import Iterator

from django.apps import apps
from django.apps.registry import Apps

from config.schema import catalog, functions, remedies
from config.schema.by_hand import ByHand, Made
from config.schema.catalog import Schema, Table
from config.schema.comparison import Comparison, Difference

DJANGOS_OWN = "django_migrations"  # made before any migration, without a model in the registry


def compare(
    found: Schema, wanted: Schema, by_hand: ByHand, registry: Apps = apps
) -> list[Difference]:
    """Return where the database is not as it is `wanted`: as models and SQL of migrations say.

    The models of the registry are those whose tables are `wanted`.
    """
    told = [
        *_missing_by_hand(found, wanted, by_hand),
        *_tables(found.tables, wanted.tables, by_hand, registry),
        *functions.compare(found.functions, wanted.functions, by_hand),
    ]
    return sorted(told, key=lambda difference: difference.table)


def _tables(
    found: dict[str, Table], wanted: dict[str, Table], by_hand: ByHand, registry: Apps
) -> Iterator[Difference]:
    owners = catalog.models_by_table(registry)
    for name in sorted({*found, *wanted}):
        model = owners.get(name)
        if name not in found:
            if model and model._meta.managed:
                yield Difference(name, "", f"the model {model._meta.label} has no table")
        elif model is None and not _is_known(found[name], by_hand):
            yield Difference(name, "", f"no model and no migration knows this {found[name].kind}")
        elif name in wanted and (model is None or model._meta.managed):
            yield from Comparison(found[name], wanted[name], model, by_hand).all()


def _is_known(table: Table, by_hand: ByHand) -> bool:
    of_others = table.name == DJANGOS_OWN or table.extension or table.kind == "partition"
    is_made = any(Made(kind, table.name, "") in by_hand.made for kind in ("table", "view"))
    is_named = table.name in by_hand.python or by_hand.is_left_table(table.name)
    return bool(of_others) or is_made or is_named


def _missing_by_hand(found: Schema, wanted: Schema, by_hand: ByHand) -> Iterator[Difference]:
    """Yield what migrations made and is nowhere now, though its table is."""
    there = {Made(kind, name, "") for name in found.tables for kind in ("table", "view")}
    there |= {Made("function", name, "") for name in found.functions}
    for table in found.tables.values():
        there |= {Made("column", one.name, table.name) for one in table.columns}
        there |= {Made("constraint", one.name, table.name) for one in table.constraints}
        there |= {Made("index", one.name, table.name) for one in table.indexes}
        there |= {Made("trigger", one.name, table.name) for one in table.triggers}
    for made, statement in by_hand.made.items():
        if made not in there and (not made.table or made.table in found.tables):
            where = (made.table, made.name) if made.table else (made.name, "")
            says = f"a migration made this {made.kind}, and it is gone"
            yield Difference(*where, says, made.kind, _remedy(made, statement, wanted))


def _remedy(made: Made, statement: str, wanted: Schema) -> str:
    """Return what makes it again; an ALTER TABLE may have made more, and rows are lost."""
    if made.kind == "constraint" and made.table in wanted.tables:
        constraints = wanted.tables[made.table].constraints
        return next(
            (remedies.make(made.table, one) for one in constraints if one.name == made.name), ""
        )
    return "" if made.kind in ("table", "column", "constraint") else f"{statement};"
