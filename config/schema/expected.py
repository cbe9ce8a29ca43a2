"""The tables as the models want them, written by the same PostgreSQL as those that are there."""

from functools import cache

from django.apps import apps
from django.db import connection, router, transaction

from config.schema import catalog
from config.schema.catalog import Table

# Where tables are made and found first; types and functions are still found behind it.
IN_TEMPORARY_SCHEMA = """
    SELECT set_config('search_path', concat_ws(', ', 'pg_temp', nullif(path, '')), true)
    FROM current_setting('search_path') AS path"""


@cache
def read() -> dict[str, Table]:
    """Return the tables that `migrate` would make if the models were new.

    They are made as temporary ones, read, and rolled back: only PostgreSQL itself knows how it
    writes a default, a check or an index down. Once in a process, as the models do not change.

    Raises a DatabaseError where this role may not make temporary tables, or in a standby.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(IN_TEMPORARY_SCHEMA)
        cursor.execute(_statements())
        tables = catalog.read_temporary()
        transaction.set_rollback(True)
    return tables


def _statements() -> str:
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        for model in apps.get_models():
            # Those that others than `migrate` make, too: foreign keys point at them.
            if not model._meta.proxy and router.allow_migrate_model(connection.alias, model):
                editor.create_model(model)
    return "\n".join(editor.collected_sql)
