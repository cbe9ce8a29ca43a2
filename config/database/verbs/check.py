"""manage.py db check: whether models, migrations and the live database say the same."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from config.database import drift, kept
from config.database.drift import NOT_COMPARED, Finding
from config.database.verbs import Verb
from config.database.wording import first_line


class Check(Verb):
    help = "Compare models, migrations and the live database; exit 1 and list what differs."
    needs_database = True

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        parser.add_argument(
            "--accept",
            action="append",
            default=[],
            metavar="APP.NAME",
            help="before, take the file of this applied migration as it is now: the edit of it "
            "changes no database (writes one row)",
        )

    def run(self, **options: Any) -> None:
        for name in options["accept"]:
            self.accept(name)
        findings = drift.findings()
        for finding in findings:
            self.show(finding)
        number = sum(len(one.places) for one in findings if not one.is_remark)
        if number:
            raise CommandError(f"{number} {'thing differs' if number == 1 else 'things differ'}.")
        if any(one.title == NOT_COMPARED for one in findings):
            self.stdout.write("\nIn all the rest, models, migrations and database say the same.")
        else:
            self.stdout.write("Models, migrations and database say the same.")

    def accept(self, name: str) -> None:
        try:
            kept.accept(*name.split(".", 1))
        except (LookupError, TypeError) as error:
            raise CommandError(f"No migration {name} is applied here.") from error
        except DatabaseError as error:
            raise CommandError(f"Nothing can be kept of {name}: {first_line(error)}") from error
        self.say(f"The file of {name} is taken as it is now.")

    def show(self, finding: Finding) -> None:
        self.stdout.write(f"\n{finding.title} ({len(finding.places)})")
        for place in finding.places:
            self.stdout.write(f"  {place}")
        self.stdout.write(finding.advice)
