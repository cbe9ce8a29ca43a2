"""manage.py db push: make and apply migrations in one step, while nobody else has them."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from config.database import guards, interrupts, origins
from config.database.pushing import push
from config.database.reaching import reach
from config.database.verbs import Verb

STOPPED = "Stopped. What was said to be applied stays; all else is as before."


class Push(Verb):
    help = "Make and apply migrations in one step; those that git does not track become one."

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        parser.add_argument(
            "--force", action="store_true", help="do not ask whether rows and columns may be lost"
        )

    def run(self, *, force: bool = False, **options: Any) -> None:
        if self.target.environment != "development":
            raise CommandError(
                f"ENVIRONMENT is {self.target.environment}, and push is for prototypes: for "
                "development alone. Elsewhere: manage.py makemigrations, then migrate."
            )
        guards.only_disposable(self.target)
        with reach() as connection:
            guards.only_here(connection)
            if found := origins.of(connection.cursor()):
                raise CommandError(
                    f"{origins.told(found)} Push is for prototypes; manage.py migrate asks before "
                    "something is lost."
                )
        ask, stopped = self.say_lost if force else self.ask, interrupts.ends_with(STOPPED)
        try:
            with stopped:
                push(self.say, ask, may_ask=sys.stdin.isatty())
        except OSError as error:  # a full disk
            raise CommandError(
                f"No file can be written: {error.strerror}. Files and database are as before."
            ) from error
        self.stdout.write("The database is what the models are.")

    def say_lost(self, lost: list[str]) -> None:
        told = ["Rolling back what git does not track loses", *(f"  {one}" for one in lost)]
        self.say("\n".join(told))

    def ask(self, lost: list[str]) -> None:
        """Raise CommandError unless these may be lost."""
        self.say_lost(lost)
        if self.answer("Go on? [y/N]").strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was changed.")
