"""What `manage.py db` can do, a module each."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, OutputWrapper

from config.database.target import Target

FORCE = "say --force if you mean it."


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

    def answer(self, question: str, *, otherwise: str = FORCE) -> str:
        """Return what somebody types after the question.

        Raises CommandError where nobody sits at a terminal, with what to do `otherwise`.
        """
        if not sys.stdin.isatty():
            raise CommandError(f"There is no terminal to ask in: {otherwise}")
        self.stderr.write(f"{question} ", style_func=str, ending="")
        self.stderr.flush()
        return sys.stdin.readline().rstrip("\n")

    def ask_for_name(self, name: str, *, otherwise: str = FORCE) -> None:
        """Go on if somebody, who was told what is lost, types the name of the database.

        Raises CommandError if not.
        """
        if self.answer(f"Type {name} to go on:", otherwise=otherwise) != name:
            raise CommandError("That is not its name. Nothing was changed.")

    def tell_direct(self) -> None:
        """Say where PostgreSQL's own programs go, if there is an address past a pooler."""
        if settings.DATABASE_DIRECT:
            self.stdout.write(f"directly, {Target.of(settings.DATABASE_DIRECT)}")
