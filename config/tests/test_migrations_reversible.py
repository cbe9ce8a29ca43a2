"""Every migration of ours can be taken back, and what it changes in rows that stay comes again."""

import os
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from config.database.embedded import cluster, programs
from config.env import BASE_DIR
from config.tests.processes import run
from config.tests.servers import PASSWORD, Server

pytestmark = pytest.mark.slow

OURS = [one.label for one in apps.get_app_configs() if Path(one.path).parent == BASE_DIR]
FILES = MigrationLoader(None).disk_migrations
FIRST = {app: min(name for label, name in FILES if label == app) for app in OURS}
WITHOUT_APPLIED = ("django_migrations", "config_migrationfile")  # which have another time
MIGRATE = """
from django.core.management import call_command
for arguments in {steps}:
    call_command("migrate", *arguments, verbosity=0)
"""
LEFT = """SELECT string_agg(relname, ' ') FROM pg_class
    WHERE relkind IN ('r', 'v', 'S') AND relnamespace = 'public'::regnamespace
    AND split_part(relname, '_', 1) = ANY ('{{{apps}}}') OR relname = 'cache'"""
FUNCTIONS = (
    "SELECT string_agg(proname, ' ') FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
)


@pytest.fixture(scope="module")
def server():
    with Server() as server:
        migrate(server, [])
        printed(server, "manage.py", "db", "seed")
        yield server


def test_each_has_a_way_back():
    stuck = [
        f"{key[0]}.{key[1]}: {operation.describe()}"
        for key, migration in FILES.items()
        for operation in migration.operations
        if key[0] in OURS and not operation.reversible
    ]
    assert not stuck


@pytest.mark.parametrize("app", OURS)
def test_rows_are_the_same_after_the_way_back_to_the_first_and_up_again(server, app):
    """A migration that cannot bring back what rows lose on the way says so in its docstring.

    Then this test has to know it, too. The first ones make the tables: before them are no rows.
    """
    schema, rows = dump(server, "--schema-only"), dump(server, "--data-only")
    migrate(server, [app, FIRST[app]], [])
    assert dump(server, "--schema-only") == schema
    assert dump(server, "--data-only") == rows


def test_the_way_to_zero_leaves_nothing_and_the_way_up_makes_all_of_it_again(server):
    schema = dump(server, "--schema-only")
    migrate(server, *([app, "zero"] for app in reversed(OURS)))
    assert server.ask(LEFT.format(apps=",".join(OURS))) is None
    assert server.ask(FUNCTIONS) is None
    migrate(server, [])
    assert dump(server, "--schema-only") == schema
    printed(server, "manage.py", "db", "check")


def migrate(server, *steps):
    """Run migrate with each of these arguments, in one process."""
    printed(server, "manage.py", "shell", "-v0", "-c", MIGRATE.format(steps=steps))


def printed(server, *command):
    done = run(*command, ENVIRONMENT="test", DATABASE_URL=server.url())
    assert done.returncode == 0, done.stderr
    return done.stdout


def dump(server, what):
    """Return all of the schema or the data, as pg_dump writes it down."""
    without = [f"--exclude-table-data={table}" for table in WITHOUT_APPLIED]
    where = ["-h", cluster.HOST, "-p", str(server.port), "-U", cluster.ROLE, cluster.ROLE]
    command = [programs.program("pg_dump"), what, "--restrict-key=none", *without, *where]
    variables = {"PGPASSWORD": PASSWORD, "PATH": os.environ["PATH"]}
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if "django_migrations_id_seq" not in line]
