"""manage.py db seed: the demo people, as if they had signed up on the site."""

from typing import Any

from django.core.management.base import CommandError

from config import cast
from config.database.guards import DISPOSABLE
from config.database.pending import pending_migrations
from config.database.preparing import fill
from config.database.verbs import Verb


class Seed(Verb):
    help = "Make what is missing of the demo people; what is there is left as it is."

    def run(self, **options: Any) -> None:
        if self.target.environment not in DISPOSABLE:
            raise CommandError(
                f"ENVIRONMENT is {self.target.environment}, and everybody knows the password of "
                f"the demo people: they are for {' and '.join(DISPOSABLE)} alone."
            )
        if pending_migrations():
            raise CommandError("The tables are not up to date: run manage.py migrate first.")
        fill()
        self.stdout.write(f"The demo people are there; their password is {cast.PASSWORD}")
