"""Which migrations the database still waits for."""

from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def pending_migrations() -> list[Any]:
    """Return the steps that `manage.py migrate` would take now."""
    executor = MigrationExecutor(connection)
    return executor.migration_plan(executor.loader.graph.leaf_nodes())
