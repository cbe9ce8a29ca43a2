"""manage.py db <verb>: the database's workflow beside Django's makemigrations, migrate, dbshell."""

from argparse import SUPPRESS, ArgumentParser
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from config.database.reaching import reach
from config.database.target import Target
from config.database.verbs import Verb
from config.database.verbs.check import Check
from config.database.verbs.export import Export
from config.database.verbs.ping import Ping
from config.database.verbs.plan import Plan
from config.database.verbs.push import Push
from config.database.verbs.reset import Reset
from config.database.verbs.restore import Restore
from config.database.verbs.seed import Seed
from config.database.verbs.setup import Setup
from config.database.verbs.studio import Studio
from config.database.wording import first_line

VERBS: dict[str, type[Verb]] = {
    "check": Check,
    "export": Export,
    "ping": Ping,
    "plan": Plan,
    "push": Push,
    "reset": Reset,
    "restore": Restore,
    "seed": Seed,
    "setup": Setup,
    "studio": Studio,
}


class DjangosOptions(BaseCommand):
    """What every command takes, to be taken after the verb as well as before it."""

    requires_system_checks = ()

    def add_base_argument(self, parser: CommandParser, *args: Any, **kwargs: Any) -> None:
        """Add one that says nothing where it is not given, so that what came before it counts."""
        super().add_base_argument(parser, *args, **{**kwargs, "default": SUPPRESS})


class Command(BaseCommand):
    help = "Work with the database; each verb first says which one it acts on."
    requires_system_checks = ()  # some of them need the database, which a verb may have to make

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, prog=parser.prog)
        parser.usage = "manage.py db VERB …, and manage.py db VERB --help for what it takes"
        djangos = DjangosOptions().create_parser("manage.py", "db", add_help=False)
        for name, verb in VERBS.items():
            # No abbreviations: --force, of a verb without one, would be taken for --force-color.
            verb.add_arguments(
                verbs.add_parser(
                    name,
                    help=verb.help,
                    description=verb.help,
                    parents=[djangos],
                    allow_abbrev=False,
                )
            )

    def handle(self, *, verb: str, **options: Any) -> None:
        target = Target.of(settings.DATABASES["default"])
        self.stdout.write(str(target))
        try:
            if VERBS[verb].needs_database:
                reach().close()
            VERBS[verb](target, self.stdout, self.stderr).run(**options)
        except (DatabaseError, psycopg.Error) as error:  # nobody needs to see our code
            raise CommandError(f"PostgreSQL could not do that: {first_line(error)}") from error
