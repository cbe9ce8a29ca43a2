"""Which migrations the database still waits for: the one place that knows."""

from django.db import ProgrammingError, connection
from django.db.migrations import exceptions as broken
from django.db.migrations.loader import MigrationLoader

# Files that cannot be put in an order, as one is gone, in a circle or full of mistakes; or the
# table of what was applied is closed to this role.
BROKEN = (
    broken.BadMigrationError,
    broken.CircularDependencyError,
    broken.InconsistentMigrationHistory,
    broken.NodeNotFoundError,
    ImportError,
    ProgrammingError,
    SyntaxError,
    ValueError,
)


def pending_migrations() -> list[tuple[str, str]]:
    """Return app and name of what `manage.py migrate` would run now, in its order.

    Raises one of BROKEN if nobody knows.
    """
    return of(MigrationLoader(connection))


def of(loader: MigrationLoader) -> list[tuple[str, str]]:
    """Return the same of a loader that has read the files and what was applied."""
    graph, applied = loader.graph, loader.applied_migrations or {}
    plan = dict.fromkeys(key for leaf in graph.leaf_nodes() for key in graph.forwards_plan(leaf))
    return [key for key in plan if key not in applied]
