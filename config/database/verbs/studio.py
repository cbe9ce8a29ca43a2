"""manage.py db studio: where to look at rows and schema."""

import webbrowser
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse

from config.database.verbs import Verb


class Studio(Verb):
    help = "Print, or open in a browser, the admin with every table and the page of its schema."

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        parser.add_argument("--open", action="store_true", help="open both in a browser")

    def run(self, **options: Any) -> None:
        rows, schema = (
            settings.SITE_URL + reverse(f"admin:{page}") for page in ("index", "schema")
        )
        self.stdout.write(f"Rows:   {rows}\nSchema: {schema}")
        if options["open"] and not (webbrowser.open(rows) and webbrowser.open(schema)):
            raise CommandError("There is no browser here to open: open these yourself.")
