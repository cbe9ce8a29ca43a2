"""The schema as the migrations want it, written by the same PostgreSQL as the one that is there."""

import re
from dataclasses import replace
from functools import lru_cache

from django.apps import apps
from django.apps.registry import Apps
from django.db import DatabaseError, connection, models, router, transaction

from config.schema import catalog
from config.schema.by_hand import ByHand
from config.schema.catalog import Column, Index, Schema, Table

# Where tables are made and found first; types and functions are still found behind it. What a
# function does is not looked at, as the tables it asks may not be there yet.
IN_TEMPORARY_SCHEMA = """
    SET LOCAL check_function_bodies = off;
    SELECT set_config('search_path', concat_ws(', ', 'pg_temp', nullif(path, '')), true)
    FROM current_setting('search_path') AS path"""


def read(found: dict[str, Table], by_hand: ByHand, registry: Apps = apps) -> Schema:
    """Return what there would be if these models, and the SQL of migrations, were new.

    It is made as temporary tables and functions, read, and rolled back: only PostgreSQL itself
    knows how it writes a default, a check or an index down. Once in a process, as models do not
    change. The SQL is run as far as it names no other table of those that are `found`.

    Raises a DatabaseError where this role may not make temporary tables, or in a standby.
    """
    others = {*found} - {*catalog.models_by_table(registry)}
    their_own = {made.name for made in by_hand.made if made.kind in ("table", "view")}
    again = tuple(by_hand.again(others - their_own))
    return _made(_statements(registry), again, frozenset(their_own))


def by_name(found: Schema, registry: Apps = apps) -> Schema:
    """Return what can be said without making it: which columns and named indexes there would be.

    All the rest is taken as it is `found`, to be compared with itself.
    """
    owners = catalog.models_by_table(registry)
    return Schema({name: _named(name, model, found) for name, model in owners.items()}, {})


def _named(name: str, model: type[models.Model], found: Schema) -> Table:
    table = found.tables.get(name) or Table(name, model._meta.app_label, "", None, 0)
    columns = {column.name: column for column in table.columns}
    indexes = {index.name for index in table.indexes}
    lost = [Index(one.name, "", 0, 0) for one in model._meta.indexes if one.name not in indexes]
    return replace(
        table,
        comment=model._meta.db_table_comment or "",
        columns=[
            _column(field, columns.get(str(field.column)))
            for field in model._meta.local_concrete_fields
        ],
        indexes=table.indexes + lost,
        triggers=[],
    )


def _column(field: models.Field, found: Column | None) -> Column:
    """Return the field's column; whether a generated one may be NULL only migrations know."""
    comment = field.db_comment or ""
    if found is None:
        kind = field.db_type(connection) or ""
        return Column(str(field.column), kind, field.null, "", False, False, comment)
    null = found.null if field.generated else field.null
    return replace(found, null=null, comment=comment)


@lru_cache(maxsize=1)
def _made(of_models: str, by_hand: tuple[str, ...], their_own: frozenset[str]) -> Schema:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{catalog.PATIENCE}'")
        cursor.execute(IN_TEMPORARY_SCHEMA)
        cursor.execute(of_models)
        if not _is_run(";\n".join(by_hand)):
            _run_what_can_be(by_hand, their_own)
        schema = catalog.read_temporary()
        transaction.set_rollback(True)
    return schema


def _run_what_can_be(by_hand: tuple[str, ...], their_own: frozenset[str]) -> None:
    """Run them one by one; of what cannot be made like this the name alone is known.

    A table of theirs that may be missing now is not named again: that would be the one that is
    there.
    """
    lost: set[str] = set()
    for statement in by_hand:
        names = their_own.intersection(re.findall(r"\w+", statement))
        if names & lost or not _is_run(statement):
            lost |= names


def _is_run(sql: str) -> bool:
    """Run it, unless it fails: then nothing of it is left."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if sql:
                cursor.execute(sql)
    except DatabaseError:
        return False
    return True


@lru_cache(maxsize=1)
def _statements(registry: Apps) -> str:
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        for model in _models(registry):
            editor.create_model(model)
    return "\n".join(editor.collected_sql)


def _models(registry: Apps) -> list[type[models.Model]]:
    """Return those with a table, made by `migrate` or by others: foreign keys point at them."""
    return [
        model
        for model in registry.get_models()
        if not model._meta.proxy and router.allow_migrate_model(connection.alias, model)
    ]
