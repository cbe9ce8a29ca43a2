"""The schema as the migrations want it, written by the same PostgreSQL as the one that is there."""

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
    their_own = {made.name for made in by_hand.made if made.kind == "table"}
    return _made(registry, tuple(by_hand.again(others - their_own)), tuple(by_hand.again(others)))


def by_name(found: Schema, registry: Apps = apps) -> Schema:
    """Return what can be said without making it: which columns and named indexes there would be.

    All the rest is taken as it is `found`, to be compared with itself.
    """
    wanted = {}
    for name, model in catalog.models_by_table(registry).items():
        if table := found.tables.get(name):
            columns = [_column(field, table) for field in model._meta.local_concrete_fields]
            wanted[name] = replace(
                table,
                comment=model._meta.db_table_comment or "",
                columns=columns,
                indexes=[*table.indexes, *_lost(model, table)],
                triggers=[],
            )
    return Schema(wanted, {})


def _column(field: models.Field, table: Table) -> Column:
    for column in table.columns:
        if column.name == field.column:
            return replace(column, null=field.null, comment=getattr(field, "db_comment", "") or "")
    return Column(str(field.column), field.db_type(connection) or "", field.null, "", False, False)


def _lost(model: type[models.Model], table: Table) -> list[Index]:
    there = {index.name for index in table.indexes}
    names = [index.name for index in model._meta.indexes if index.name not in there]
    return [Index(name, "", 0, 0) for name in names]


@lru_cache(maxsize=1)
def _made(registry: Apps, by_hand: tuple[str, ...], on_models: tuple[str, ...]) -> Schema:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{catalog.PATIENCE}'")
        cursor.execute(IN_TEMPORARY_SCHEMA)
        cursor.execute(_statements(registry))
        if not _is_run(";\n".join(by_hand)):
            # One by one what can be made; of the rest the name alone is known. A table may be of
            # the rest: nothing may be made on the one of its name that is no temporary one.
            for statement in on_models:
                _is_run(statement)
        schema = catalog.read_temporary()
        transaction.set_rollback(True)
    return schema


def _is_run(sql: str) -> bool:
    """Run it, unless it fails: then nothing of it is left."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if sql:
                cursor.execute(sql)
    except DatabaseError:
        return False
    return True


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
