"""manage.py db reset: drop the database, make it anew, migrate and seed."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections

from config.database import guards, making, origins
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
            self.ask(origins.beside(connection, given, name), force=options["force"])
            making.drop(connection, name)
            making.create(connection, name)
        connections.close_all()  # what led to the old one
        prepare(self.say, seed=True)
        self.stdout.write(f"{name} is new.")

    def ask(self, places: list[str], *, force: bool) -> None:
        """Ask for the name. Nobody says --force to what may be production's."""
        if places and force:
            raise CommandError(f"{origins.told(places)} Leave --force out, and type its name.")
        if not force:
            told = f"{origins.told(places)} " if places else ""
            self.say(f"{told}Every row of {self.target.name} is lost for good.")
            self.ask_for_name(self.target.name)
