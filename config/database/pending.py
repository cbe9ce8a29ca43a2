"""Which migrations the database still waits for, and the models: the one place that knows."""

from django.apps import apps
from django.db import ProgrammingError, connection
from django.db.migrations import Migration
from django.db.migrations import exceptions as broken
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState

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
    applied = loader.applied_migrations or {}
    return [key for key in in_order(loader.graph) if key not in applied]


def in_order(graph: MigrationGraph) -> list[tuple[str, str]]:
    """Return all migrations, each after those that it needs."""
    plans = (graph.forwards_plan(leaf) for leaf in graph.leaf_nodes())
    return list(dict.fromkeys(key for plan in plans for key in plan))


def unmade(loader: MigrationLoader) -> dict[str, list[Migration]]:
    """Return the migrations by app that `makemigrations` would write, without asking anything."""
    before, models = loader.project_state(), ProjectState.from_apps(apps)
    detector = MigrationAutodetector(before, models, MigrationQuestioner(dry_run=True))
    return detector.changes(graph=loader.graph)
