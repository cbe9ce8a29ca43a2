"""`manage.py db push`: migrations that nobody else has yet are made, folded and applied at once.

While a model changes every few minutes, each change would leave a migration. So those that git does
not track are taken back, folded into one for each app (folding.py), and that is applied. All of it
is one transaction, and the old files stay until it is committed (files.py).
"""

import importlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from config.database import pending
from config.database.limits import take_time
from config.database.migrating.turns import Turn
from config.database.pushing import losses, untracked
from config.database.pushing.files import BEFORE, Files, path
from config.database.pushing.folding import FoldedLoader, fold
from config.database.pushing.untracked import Key

LOCK = 20_260_103  # of PostgreSQL: one push at a time
PATIENCE = "10s"  # with who holds a table

type Say = Callable[[str], object]
type Ask = Callable[[list[str]], object]


def push(say: Say, ask: Ask, *, may_ask: bool) -> None:
    """Bring files and database to what the models are; `say` is told what is done.

    `ask` is called with what the roll-back would lose, and raises CommandError to call it off.
    `may_ask` says whether makemigrations can ask about renamings and defaults. Raises CommandError;
    then files and database are as before, unless it says otherwise.
    """
    parameters = connection.get_connection_params()
    with Turn(parameters, say, lock=LOCK, name="push"), Files() as files:
        _check_nothing_is_missing()
        _make(files, say, may_ask=may_ask)
        if replaced := _to_fold():
            with Turn(parameters, say):
                _fold(replaced, files, say, ask)
        _migrate(files, say)
        files.settle()


def _check_nothing_is_missing() -> None:
    left = [str(file) for one in untracked.folders().values() for file in one.glob(f"*{BEFORE}")]
    if left:
        raise CommandError(
            "A push was killed, and left the files from before it. Bring them back, or delete them "
            f"if manage.py db check finds no difference: {', '.join(left)}"
        )
    loader = MigrationLoader(connection)
    gone = sorted({*loader.applied_migrations} - {*loader.disk_migrations})
    if ours := [_name(key) for key in gone if key[0] in untracked.folders()]:
        raise CommandError(
            f"Applied here, and without a file: {', '.join(ours)}. Bring the file back, or begin "
            "anew with manage.py db reset."
        )


def _make(files: Files, say: Say, *, may_ask: bool) -> None:
    before, told = untracked.on_disk(), io.StringIO()
    output = {} if may_ask else {"stdout": told, "stderr": told}
    try:
        call_command("makemigrations", *untracked.labels(), interactive=may_ask, **output)
    except SystemExit as error:
        raise CommandError(
            f"{told.getvalue().strip()}\nmakemigrations has to ask, and there is no terminal."
        ) from error
    finally:
        made = untracked.on_disk() - before
        files.made(made)
        importlib.invalidate_caches()
    if made:
        say(told.getvalue().strip())


def _to_fold() -> list[Key]:
    """Return the migrations that others take the place of, in their order.

    These are all of an app that has more than one, and what needs them. Raises CommandError if
    one is not only what makemigrations has written, or needed by one that git tracks.
    """
    new, graph = untracked.find(), MigrationLoader(connection).graph
    needs = {key: {one.key for one in graph.node_map[key].parents} for key in graph.nodes}
    labels = [key[0] for key in new]
    folded = {app for app in labels if labels.count(app) > 1}
    while more := {key[0] for key in new if {one[0] for one in needs[key] & new} & folded} - folded:
        folded |= more
    replaced = [key for key in pending.in_order(graph) if key in new and key[0] in folded]
    for key in sorted(graph.nodes.keys() - new):
        if waiting := needs[key] & {*replaced}:
            raise CommandError(
                f"{_name(key)} is in git and needs {_name(min(waiting))}, which is not: git add "
                "that first."
            )
    untracked.check_generated([graph.nodes[key] for key in replaced])
    return replaced


def _fold(replaced: list[Key], files: Files, say: Say, ask: Ask) -> None:
    """Put one migration for each app in the place of these, in the files and the database."""
    loader = MigrationLoader(connection)
    _check_nothing_is_pending(loader)
    old = [loader.graph.nodes[key] for key in replaced]
    made = fold(replaced, loader)
    if len(made) == len(replaced):  # another app has to stand between them
        return
    folded = FoldedLoader({*replaced}, made)
    if pending.unmade(folded).keys() & {*untracked.labels()}:
        raise CommandError(
            "Folded, these would not make the models what they are: "
            f"{', '.join(map(_name, replaced))}. git add them as they are."
        )
    with _one_transaction():
        lost = losses.of(lambda: _take_back(replaced))
    if lost:
        ask(lost)
    with _one_transaction():
        _take_back(replaced)
        _apply(made, folded)
        files.replace(map(path, old), made)
    files.settle(map(path, [*old, *made]))
    for migration in made:
        say(f"Folded into {migration}.")


def _check_nothing_is_pending(loader: MigrationLoader) -> None:
    if waiting := sorted({*pending.of(loader)} - untracked.find()):
        raise CommandError(
            f"Pending, and in git: {', '.join(map(_name, waiting))}. Run manage.py migrate first."
        )


def _take_back(replaced: list[Key]) -> None:
    """Roll back those of them that are applied."""
    executor = MigrationExecutor(connection)
    applied = [key for key in reversed(replaced) if key in executor.loader.applied_migrations]
    if applied:
        executor.migrate([], plan=[(executor.loader.graph.nodes[key], True) for key in applied])


def _apply(made: list[Migration], folded: FoldedLoader) -> None:
    executor = MigrationExecutor(connection)
    executor.loader = folded
    folded.build_graph()  # with what is applied by now
    executor.migrate([(one.app_label, one.name) for one in made])


def _migrate(files: Files, say: Say) -> None:
    """Apply what is left; of what was made, the files stay that are applied."""
    before = {**MigrationLoader(connection).applied_migrations}
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        raise CommandError(
            f"PostgreSQL refused it: {str(error).strip()}\nWhat is said above to be applied stays, "
            "in the database and as a file; of the rest nothing was made."
        ) from error
    finally:
        _settle_applied(files, before, say)


def _settle_applied(files: Files, before: dict[Key, Any], say: Say) -> None:
    try:
        loader = MigrationLoader(connection)
    except DatabaseError:
        files.settle()
        say("The database does not say what is applied: the new files stay. See showmigrations.")
        return
    for key in loader.applied_migrations.keys() - before.keys():
        say(f"Applied {_name(key)}.")
    known = loader.applied_migrations.keys() & loader.disk_migrations.keys()
    files.settle(path(loader.disk_migrations[key]) for key in known)


@contextmanager
def _one_transaction() -> Iterator[None]:
    """Raise CommandError if PostgreSQL refuses what happens in the block."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                take_time(cursor, lock_timeout=PATIENCE)
            yield
    except DatabaseError as error:
        raise CommandError(
            f"PostgreSQL refused it: {str(error).strip()}\nFiles and database are as before."
        ) from error


def _name(key: Key) -> str:
    return ".".join(key)
