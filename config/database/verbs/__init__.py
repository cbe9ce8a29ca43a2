"""What `manage.py db` can do, a module each."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import OutputWrapper

from config.database.target import Target


class Verb:
    """One of them. `help` is its line in `manage.py db --help`."""

    help: str

    def __init__(self, target: Target, stdout: OutputWrapper) -> None:
        self.target = target
        self.stdout = stdout

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        """Add what this verb takes; nothing by default."""

    def run(self, **options: Any) -> None:
        """Do it; raises CommandError with a sentence about what kept it from being done."""
        raise NotImplementedError
