"""What `manage.py db` can do, a module each."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import OutputWrapper

from config.database.target import Target


class Verb:
    """One of them. `help` is its line in `manage.py db --help`.

    What was asked for goes to `stdout`; progress and questions to `stderr`, by `say`.
    """

    help: str
    needs_database = False  # then it is tried once, before the pool waits for it without a reason

    def __init__(self, target: Target, stdout: OutputWrapper, stderr: OutputWrapper) -> None:
        self.target = target
        self.stdout = stdout
        self.stderr = stderr

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        """Add what this verb takes; nothing by default."""

    def run(self, **options: Any) -> None:
        """Do it; raises CommandError with a sentence about what kept it from being done."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Write a line for who waits or has to answer, not in the red of an error."""
        self.stderr.write(text, style_func=str)

    def tell_direct(self) -> None:
        """Say where PostgreSQL's own programs go, if there is an address past a pooler."""
        if settings.DATABASE_DIRECT:
            self.stdout.write(f"directly, {Target.of(settings.DATABASE_DIRECT)}")
