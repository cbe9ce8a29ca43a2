"""manage.py migrate: Django's own, which remembers what the files said that it applied."""

from typing import Any

from django.core.management.commands import migrate

from config.database.kept import keep


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            super().handle(*args, **options)
        finally:
            if not (options["plan"] or options["check_unapplied"]):
                keep()
