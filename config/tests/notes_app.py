"""An app `notes` with migrations that a test writes, for processes of their own that migrate."""

import os
from pathlib import Path

from config.env import BASE_DIR
from config.tests.forked import Forked
from config.tests.processes import ended

SETTINGS = """
from config.settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "notes"]
"""
MIGRATION = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations import *

class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = {dependencies}
    operations = {operations}
"""
FIELDS = '[("id", models.BigAutoField(primary_key=True)), ("text", models.TextField())]'


class Notes:
    """`url` leads to the database. What runs here gets `variables`, and few else."""

    def __init__(self, folder: Path, url):
        self.folder, self.url, self.variables = folder, url, {}
        self.names = []
        migrations = folder / "notes" / "migrations"
        migrations.mkdir(parents=True)
        (folder / "notes" / "__init__.py").touch()
        (migrations / "__init__.py").touch()
        (folder / "notes_settings.py").write_text(SETTINGS)
        self.write("first", f'CreateModel("Note", {FIELDS})')

    def write(self, name, *operations, atomic=True):
        """Add a migration, of operations as they stand in a file."""
        dependencies = [("notes", self.names[-1])] if self.names else []
        self.names.append(f"{len(self.names) + 1:04}_{name}")
        self.file(self.names[-1]).write_text(
            MIGRATION.format(
                atomic=atomic,
                dependencies=dependencies,
                operations=f"[{', '.join(operations)}]",
            )
        )

    def file(self, name):
        return self.folder / "notes" / "migrations" / f"{name}.py"

    def start(self, *arguments, command="migrate", **variables):
        """Start manage.py; without arguments it migrates this app alone."""
        environment = {"ENVIRONMENT": "test", "DATABASE_URL": self.url, "PATH": os.environ["PATH"]}
        environment |= {"PYTHONPATH": str(self.folder), "DJANGO_SETTINGS_MODULE": "notes_settings"}
        environment |= self.variables | variables
        command = [BASE_DIR / "manage.py", command, *(arguments or ["notes"])]
        return Forked(*command, folder=self.folder, environment=environment)

    def run(self, *arguments, **variables):
        """Run it to its end; return exit code, output and errors."""
        return ended(self.start(*arguments, **variables))
