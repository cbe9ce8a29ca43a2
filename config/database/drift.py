"""Where the models, the migrations and the live database say different things: `db check`.

The live database is compared with what the migrations made that it has applied, not with the
models: a migration that is pending, or was never made, is one finding and not one for each column.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from textwrap import indent

from django.apps import apps
from django.apps.registry import Apps
from django.db import InternalError, NotSupportedError, ProgrammingError, connection
from django.db.migrations.loader import MigrationLoader

from config.database import pending
from config.database.ours import is_installed, makes_tables
from config.database.wording import first_line
from config.schema import catalog, differences, expected, history
from config.schema.catalog import Schema
from config.schema.comparison import Difference
from config.schema.history import History

NOT_COMPARED = "Not compared"
KINDS = {
    "table": (
        "Tables",
        "A table that is gone comes back from a backup: manage.py db restore. One that nobody "
        "knows may hold rows: look before you drop it, or make it a model's.",
    ),
    "view": ("Views", "The SQL below a view makes it as the migrations did."),
    "column": (
        "Columns",
        "The SQL below a column puts it back. One that is gone comes back from a backup; one that "
        "no model has may hold what somebody needs: look before you drop it.",
    ),
    "constraint": (
        "Constraints",
        "The SQL below a constraint puts it back. It fails as long as rows break it.",
    ),
    "index": (
        "Indexes",
        "The SQL below an index puts it back while the site goes on. Run it outside a transaction.",
    ),
    "trigger": (
        "Triggers",
        "The SQL below a trigger puts it back. It does nothing about rows that changed meanwhile.",
    ),
    "function": (
        "Functions",
        "Run what the migrations say of a function again, CREATE as CREATE OR REPLACE, and then "
        "what they say of its settings, if anything.",
    ),
    "comment": ("Comments", "The SQL below a comment puts it back."),
}


@dataclass(frozen=True)
class Finding:
    """One kind of drift: where it is, and what to do about it."""

    title: str
    places: list[str]
    advice: str
    is_remark: bool = False  # nothing that this project could put right, or has to


def findings() -> list[Finding]:
    """Return what differs; remarks alone, or nothing, is what a good deploy leaves behind.

    Reads the database in a transaction that PostgreSQL keeps from writing, and asks PostgreSQL what
    it should be in another one, which makes temporary tables and is rolled back.

    Raises OperationalError while a migration holds a table.
    """
    with catalog.only_reading():
        past = history.read()
        live = catalog.read_schema()
    told = [*_of_files(past), *_of_models(past), *_of_database(past, live)]
    return [finding for finding in told if finding.places]


def _of_files(past: History) -> Iterator[Finding]:
    yield Finding(
        "The migrations cannot be read",
        [past.problem] if past.problem else [],
        "Put this right first: until then nobody knows what is pending.",
    )
    yield Finding(
        "Pending migrations",
        [str(one) for one in past.pending],
        "Look at what they would do with manage.py db plan, then run manage.py migrate.",
    )
    yield Finding(
        "Applied, and the file is gone",
        [str(one) for one in past.missing],
        "Does a newer release have it? Then this is older code, and all is well. Else get the file "
        "back from git. If it was squashed, manage.py migrate APP --prune forgets it; if the whole "
        "app was removed, delete its rows from django_migrations and its tables.",
    )
    ours = [one for one in past.edited if _is_ours(one.app)]
    yield Finding(
        "Edited after they were applied",
        [str(one) for one in ours],
        "Put the file back as git had it, and make the change in a new migration. Where the rows "
        "do not matter, start over with manage.py db reset. If the edit changes nothing in any "
        "database, say so in each: manage.py db check --accept APP.NAME",
    )
    yield Finding(
        "Files of libraries that were edited after they were applied",
        [str(one) for one in past.edited if one not in ours],
        "An upgrade brought them. If it changed what they make, that is among the differences; "
        "manage.py db check --accept APP.NAME takes the file as it is now.",
        is_remark=True,
    )


def _of_models(past: History) -> Iterator[Finding]:
    if past.problem or past.loader is None:
        return
    unmade = list(_unmade(past.loader))
    yield Finding(
        "Changes of models without a migration",
        [says for app, says in unmade if _is_ours(app)],
        "Run manage.py makemigrations, read what it wrote, and commit it.",
    )
    yield Finding(
        "Apps that have models and no migrations yet",
        bare := _without_migrations(past.loader),
        "makemigrations leaves them out until they are named: run manage.py makemigrations "
        f"{' '.join(bare)}, read what it wrote, and commit it.",
    )
    yield Finding(
        "Changes of libraries' models without a migration",
        [says for app, says in unmade if not _is_ours(app)],
        "A library's migrations are not this project's to make. A setting such as "
        "DEFAULT_AUTO_FIELD may have changed its models; otherwise ask its authors.",
        is_remark=True,
    )
    yield Finding(
        "Migrations that go two ways",
        [
            f"{app}: {' and '.join(sorted(names))}"
            for app, names in past.loader.detect_conflicts().items()
        ],
        "Run manage.py makemigrations --merge.",
    )


def _of_database(past: History, live: Schema) -> Iterator[Finding]:
    if not past.migrations:
        return
    registry = _applied(past)
    by_hand = past.by_hand
    try:
        wanted = expected.read(live.tables, by_hand, registry)
    except (InternalError, NotSupportedError, ProgrammingError) as error:
        wanted = expected.by_name(live, registry)
        yield Finding(
            NOT_COMPARED,
            [first_line(error)],
            "PostgreSQL itself has to write down what the migrations want, in temporary tables. To "
            "compare types and defaults, and what constraints, indexes, triggers and views say, "
            "check the primary, as a role that may make them: GRANT TEMPORARY ON DATABASE.",
            is_remark=True,
        )
    told = differences.compare(live, wanted, by_hand, registry)
    for kind, (title, advice) in KINDS.items():
        yield Finding(title, [_with_remedy(one) for one in told if one.kind == kind], advice)


def _with_remedy(difference: Difference) -> str:
    return f"{difference}\n{indent(difference.remedy, '    ')}".rstrip()


def _applied(past: History) -> Apps:
    """Return the models as the applied migrations know them; today's, if those cannot be read."""
    loader = past.loader
    if past.problem or loader is None:
        return apps
    nodes = [key for key in loader.graph.nodes if key in loader.applied_migrations]
    without = loader.unmigrated_apps - {*_without_migrations(loader)}  # models, read without keys
    return loader.graph.make_state(nodes=nodes, real_apps=without).apps


def has_changed_models() -> bool:
    """Return whether a model of ours says what no migration does, pending ones included."""
    loader = MigrationLoader(connection)
    return bool(_without_migrations(loader)) or any(_is_ours(app) for app, _ in _unmade(loader))


def _without_migrations(loader: MigrationLoader) -> list[str]:
    """Return those of our apps that have tables to make, and not even a folder of migrations."""
    return sorted(
        app
        for app in loader.unmigrated_apps
        if not is_installed(apps.get_app_config(app).path) and makes_tables(app)
    )


def _unmade(loader: MigrationLoader) -> Iterable[tuple[str, str]]:
    """Yield the app and a sentence for each step that `makemigrations` would write down."""
    for app, migrations in pending.unmade(loader).items():
        for migration in migrations:
            for operation in migration.operations:
                yield app, f"{app}: {operation.describe()}"


def _is_ours(app: str) -> bool:
    """Whether the app's migrations are the project's, not installed beside it."""
    try:
        module, _ = MigrationLoader.migrations_module(app)
    except LookupError:  # no such app is left
        return True
    return not is_installed(str(import_module(str(module)).__file__))
