"""manage.py db restore: an export back into a database, or a drill of it."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import CommandError

from config.database import clients, guards, interrupts, making
from config.database.backups import exports, restoring, scratch, sources
from config.database.backups.sources import Source
from config.database.reaching import reach
from config.database.target import Target, parameters
from config.database.verbs import Verb


class Restore(Verb):
    help = "Restore an export, or look with --drill whether one could."

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="what `db export` has written")
        parser.add_argument(
            "--drill",
            action="store_true",
            help="restore into a scratch database, compare, and drop it",
        )
        parser.add_argument(
            "--unverified", action="store_true", help="without a checksum and counts to compare"
        )

    def run(self, **options: Any) -> None:
        self.tell_direct()
        began = time.monotonic()
        stopped = interrupts.ends_with("Stopped; the database is as it was.")
        with stopped:
            given = parameters(clients.database())
            source = _opened(options["file"], unverified=options["unverified"])
            if options["drill"]:
                self.drill(source, given)
            else:
                self.restore(source, given)
        self.stdout.write(f"It took {time.monotonic() - began:.1f} s.")

    def drill(self, source: Source, given: dict[str, Any]) -> None:
        """Restore the file beside the database, and compare."""
        if source.part == "data":
            raise CommandError(f"{source.path.name} has rows alone: drill with a whole export.")
        with scratch.database(given) as beside, reach(beside) as connection:
            restoring.restore(source, beside, connection, over=False)
            _compare(source, connection)
        self.stdout.write(f"{source.path.name} can be restored: {_told(source)}.")

    def restore(self, source: Source, given: dict[str, Any]) -> None:
        """Restore the file into the database, over what is there if that is what they want."""
        target = Target.of(clients.database())
        if making.ensure(target, given):
            self.say(f"Made the database {target.name}.")
        with reach(given) as connection:
            if over := not restoring.is_empty(connection):
                self.ask(connection, target)
            try:
                held = restoring.restore(source, given, connection, over=over)
            except CommandError as error:
                raise CommandError(f"{error} The database is as it was.") from error
            self.stdout.write(f"Restored {source.path.name}: {_told(source)}.")
            with interrupts.ends_with("The export is restored; ANALYZE is left to autovacuum."):
                connection.execute("ANALYZE")  # lists count by its estimates
            exports.record_restored(source.path.name)
            self.tell(source, held)
            _compare(source, connection)

    def ask(self, connection: psycopg.Connection, target: Target) -> None:
        """Refuse unless nobody else is connected and they type the database's name.

        There is no --force, in development either: its DATABASE_URL may lead anywhere.
        """
        guards.nobody_else(connection, target.name)
        self.say(f"The database {target.name} is not empty: all that is in it would be replaced.")
        otherwise = "restore into a database that is empty, or missing, which takes no question."
        self.ask_for_name(target.name, otherwise=otherwise)

    def tell(self, source: Source, held: int) -> None:
        """Say what is not as it was, and what may surprise."""
        told = source.manifest
        if held:
            self.say(
                f"{held} emails were on their way and are given up, as they may have arrived "
                "since: the admin can have them tried again."
            )
        if told and told.left_out:
            self.say(
                f"The export is without the rows of {', '.join(told.left_out)}: people have to "
                "sign in again."
            )
        if told and told.environment != self.target.environment:
            self.say(
                f"This is a copy of {told.environment}: its people are real, and what is encrypted "
                "needs the ENCRYPTION_SECRETS from there."
            )


def _opened(file: Path, *, unverified: bool) -> Source:
    source = sources.open_source(file, unverified=unverified)
    if source.manifest and source.manifest.tables:
        raise CommandError(
            f"{file.name} has some tables alone, and this restores whole databases: pg_restore, or "
            "psql, takes rows out of it."
        )
    return source


def _compare(source: Source, connection: psycopg.Connection) -> None:
    found = restoring.differences(source.manifest, connection) if source.manifest else []
    if found:
        raise CommandError("\n".join(["All rows came back, but not all as it was made:", *found]))


def _told(source: Source) -> str:
    if not (told := source.manifest):
        return "unverified"
    return f"{len(told.rows)} tables with {sum(told.rows.values()):,} rows, as exported"
