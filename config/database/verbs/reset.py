"""manage.py db reset: drop the database, make it anew, migrate and seed."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections

from config.database import guards, making
from config.database.preparing import prepare
from config.database.target import parameters
from config.database.verbs import Verb


class Reset(Verb):
    help = "Drop the database and make it anew, with the demo people: on your own machine alone."

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        parser.add_argument(
            "--force",
            action="store_true",
            help="do not ask for the database's name; everything else is checked all the same",
        )

    def run(self, **options: Any) -> None:
        guards.only_disposable(self.target)
        given, name = parameters(settings.DATABASES["default"]), self.target.name
        with making.beside(self.target, given) as connection:
            guards.only_here(connection)
            making.check_may_create(connection, name)
            guards.nobody_else(connection, name)
            origins = guards.origins_beside(connection, given, name)
            self.ask(origins, force=options["force"])
            making.drop(connection, name)
            making.create(connection, name)
        connections.close_all()  # what led to the old one
        prepare(self.say, seed=True)
        self.stdout.write(f"{name} is new.")

    def ask(self, origins: list[str], *, force: bool) -> None:
        """Ask for the name. Nobody says --force to what may be production's."""
        loss = f"Every row of {self.target.name} is lost for good."
        if origins:
            loss = (
                f"This database was migrated in {' and '.join(origins)}: it is a copy, or a tunnel "
                f"leads to the original. {loss}"
            )
            if force:
                raise CommandError(f"{loss} That takes its name, typed without --force.")
        guards.ask_for_name(self.target, loss, force=force, stderr=self.stderr)
