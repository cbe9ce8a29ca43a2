"""manage.py db reset: drop the database, make it anew, migrate and seed."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
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
        name = self.target.name
        with making.beside(self.target, parameters(settings.DATABASES["default"])) as connection:
            guards.only_here(connection)
            making.check_may_create(connection, name)
            guards.nobody_else(connection, name)
            loss = f"Every row of {name} is lost for good."
            force = options["force"]
            guards.ask_for_name(self.target, loss, force=force, stderr=self.stderr)
            making.drop(connection, name)
            making.create(connection, name)
        connections.close_all()  # what led to the old one
        prepare(self.say, seed=True)
        self.stdout.write(f"{name} is new.")
