"""The way that `migrate` would go, with its SQL written down instead of run."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, NotSupportedError, connections, transaction
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.db.migrations import Migration, SeparateDatabaseAndState
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import AmbiguityError
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from config.database.wording import first_line

NOTHING = SeparateDatabaseAndState()  # what a migration does that only joins two others


@dataclass
class Planned:
    """One operation's, in one direction."""

    migration: Migration
    operation: Operation
    is_backwards: bool
    sql: list[str] = field(default_factory=list)
    refusal: str = ""  # why it cannot be done
    problem: str = ""  # why its SQL cannot be known


class Rehearsal(MigrationExecutor):
    """Django's executor, which keeps each operation's SQL where the other would run it."""

    def __init__(self) -> None:
        super().__init__(connections[DEFAULT_DB_ALIAS])
        self.planned: list[Planned] = []
        self._renamed: dict[str, str] = {}  # tables, from their new name to the one they have

    def of(self, app_label: str, migration_name: str) -> list[Planned]:
        """Return what `migrate [app_label [migration_name]]` would do, in its order.

        Raises CommandError for a target that there is not, and where there is no way back; and what
        Django's loader raises for files that cannot be put in an order.
        """
        self.loader.check_consistent_history(self.connection)
        for app, names in self.loader.detect_conflicts().items():
            raise CommandError(
                f"{app} has several last migrations, {' and '.join(names)}: "
                "put them in an order by makemigrations --merge."
            )
        plan = self.migration_plan(self._targets(app_label, migration_name))
        whole = self.migration_plan(self.loader.graph.leaf_nodes(), clean_start=True)
        way: Any = self  # whose parts Django's types do not tell of
        if plan and plan[0][1]:
            way._migrate_all_backwards(plan, whole, fake=False)
        elif plan:
            state = way._create_project_state(with_applied_migrations=True)
            way._migrate_all_forwards(state, plan, whole, fake=False, fake_initial=False)
        return self.planned

    def _targets(self, app_label: str, migration_name: str) -> list[tuple[str, str | None]]:
        leaves = self.loader.graph.leaf_nodes()
        if not app_label:
            return leaves
        if app_label not in self.loader.migrated_apps:
            raise CommandError(f"There is no app {app_label} with migrations.")
        if not migration_name:
            return [key for key in leaves if key[0] == app_label]
        if migration_name == "zero":
            return [(app_label, None)]
        return [(app_label, self._name(app_label, migration_name))]

    def _name(self, app_label: str, beginning: str) -> str:
        try:
            return self.loader.get_migration_by_prefix(app_label, beginning).name
        except AmbiguityError as error:
            raise CommandError(
                f"Several migrations of {app_label} begin with {beginning}: name one of them."
            ) from error
        except KeyError as error:
            raise CommandError(f"No migration of {app_label} begins with {beginning}.") from error

    def apply_migration(
        self, state: ProjectState, migration: Migration, *args: Any, **options: Any
    ) -> ProjectState:
        editor = _Editor(migration, self._renamed)
        for operation in migration.operations or [NOTHING]:
            before = state.clone()
            operation.state_forwards(migration.app_label, state)
            self._take(editor, operation, before, state, is_backwards=False)
        editor.finish()
        return state

    def unapply_migration(
        self, state: ProjectState, migration: Migration, *args: Any, **options: Any
    ) -> ProjectState:
        editor, passed = _Editor(migration, self._renamed), []
        for operation in migration.operations or [NOTHING]:
            if not operation.reversible:
                raise CommandError(f"{migration} has no way back: {operation.describe()}.")
            state = state.clone()
            before = state.clone()
            operation.state_forwards(migration.app_label, state)
            passed.append((operation, state, before))
        for operation, after, before in reversed(passed):
            self._take(editor, operation, after, before, is_backwards=True)
        editor.finish()
        return state

    def _take(
        self,
        editor: "_Editor",
        operation: Operation,
        begins: ProjectState,
        ends: ProjectState,
        *,
        is_backwards: bool,
    ) -> None:
        """Keep the SQL of one operation; of one that holds others, of each of those."""
        if isinstance(operation, SeparateDatabaseAndState) and operation.database_operations:
            inner = _within(operation, editor.migration, begins, ends, is_backwards=is_backwards)
            for one, *states in inner:
                self._take(editor, one, *states, is_backwards=is_backwards)
            return
        planned = Planned(editor.migration, operation, is_backwards)
        self.planned.append(planned)
        run = operation.database_backwards if is_backwards else operation.database_forwards
        if operation.reduces_to_sql:
            editor.write(planned, lambda: run(editor.migration.app_label, editor, begins, ends))


def _within(
    operation: SeparateDatabaseAndState,
    migration: Migration,
    begins: ProjectState,
    ends: ProjectState,
    *,
    is_backwards: bool,
) -> list[tuple[Operation, ProjectState, ProjectState]]:
    """Return the operations on the database with the states around them, as Django runs them."""
    passed, state = [], ends if is_backwards else begins
    for one in operation.database_operations:
        before, state = state, state.clone()
        one.state_forwards(migration.app_label, state)
        passed.append((one, state, before) if is_backwards else (one, before, state))
    return passed[::-1] if is_backwards else passed


class _Editor(DatabaseSchemaEditor):
    """Writes down the SQL of each operation, also what Django leaves for the end."""

    def __init__(self, migration: Migration, renamed: dict[str, str]) -> None:
        self.migration = migration
        # CREATE INDEX CONCURRENTLY asks whether it is in a transaction: whether it would be.
        connection = copy(connections[DEFAULT_DB_ALIAS])
        connection.in_atomic_block = migration.atomic
        super().__init__(connection, collect_sql=True, atomic=False)
        self.collected_table_renames = renamed
        self.deferred_sql: list[Any] = []
        self._left: list[tuple[Any, Planned]] = []

    def write(self, planned: Planned, run: Callable[[], None]) -> None:
        self.collected_sql = planned.sql
        before = [*self.deferred_sql]
        try:
            with transaction.atomic():
                run()
        except NotSupportedError as error:
            planned.refusal = str(error)
        except (DatabaseError, ValueError) as error:
            planned.problem = first_line(error)
        self._left += [(one, planned) for one in self.deferred_sql if not _is_in(one, before)]

    def finish(self) -> None:
        for one, planned in self._left:
            if _is_in(one, self.deferred_sql):  # a later operation may have taken it away
                self.collected_sql = planned.sql
                self.execute(one, None)


def _is_in(one: Any, others: list[Any]) -> bool:
    return any(one is other for other in others)
