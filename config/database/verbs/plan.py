"""manage.py db plan: what `migrate` would do, and to whom."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from config.database import drift, plan
from config.database.pending import BROKEN
from config.database.plan import report
from config.database.verbs import Verb


class Plan(Verb):
    help = "Say what `migrate` would destroy, rewrite or block. Exits 1 if it would destroy data."
    needs_database = True

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        parser.add_argument("app_label", nargs="?", default="", help="as migrate takes it")
        parser.add_argument("migration_name", nargs="?", default="", help="also backwards; zero")
        parser.add_argument("--sql", action="store_true", help="print all of the SQL")

    def run(self, **options: Any) -> None:
        try:
            steps = plan.steps(options["app_label"], options["migration_name"])
        except BROKEN as error:
            raise CommandError(f"The migrations have no order: {error}") from error
        if not steps:
            self.stdout.write("There is nothing to migrate.")
        if not options["app_label"] and drift.has_changed_models():
            self.say("Models say what no migration does: manage.py db check names it.")
        if not steps:
            return
        for line in report.lines(steps, all_sql=options["sql"]):
            self.stdout.write(line)
        if any(step.destroys for step in steps):
            sys.exit(1)
