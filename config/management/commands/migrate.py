"""Django's migrate, made safe beside a running site and beside others that migrate.

What it adds is in config/database/migrating/: one at a time, patient with locks, and careful with
what holds rows.
"""

from contextlib import suppress
from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.models.signals import pre_migrate

from config.database import kept, origins
from config.database.migrating import destruction
from config.database.migrating.patience import Patience
from config.database.migrating.turns import Turn
from config.database.reaching import reach
from config.database.target import Target


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--lock-timeout",
            type=float,
            default=3,
            metavar="SECONDS",
            help="How long a statement waits for a lock before the site goes first (3).",
        )
        parser.add_argument(
            "--tries",
            type=int,
            default=10,
            help="How often a migration is begun before it gives up on a lock (10).",
        )
        parser.add_argument(
            "--allow-destructive",
            action="store_true",
            help="In staging and production: go on though a step destroys something.",
        )

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Begin with whether the database lets us in, as Django's own checks need it, too."""
        if options["database"] == DEFAULT_DB_ALIAS:
            reach().close()
        return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["plan"] or options["check_unapplied"]:
            super().handle(*args, **options)
            return
        connection = connections[options["database"]]
        if connection.alias == DEFAULT_DB_ALIAS:
            with connection.cursor() as cursor:
                origins.check_not_forgotten(Target.of(connection.settings_dict), cursor)
        parameters = connection.get_connection_params()
        with connection.wrap_database_errors, Turn(parameters, self.tell) as turn:
            try:
                self.migrate(turn, args, options)
            except BaseException:
                with suppress(DatabaseError):  # which is told already
                    keep_files(connection)
                raise
            keep_files(connection)

    def migrate(self, turn: Turn, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        """Migrate while it is our turn, beginning anew where a lock could not be had."""
        connection = connections[options["database"]]

        def look_at_plan(plan: list[tuple[Migration, bool]], **_: object) -> None:
            if turn.waited and not plan:
                self.verbosity = 0  # who came before has said it all, and printed the token
                self.tell("Nothing is left to do after it.")
            if plan and connection.alias == DEFAULT_DB_ALIAS and not options["fake"]:
                target = options["app_label"] or "", options["migration_name"] or ""
                destruction.check(*target, is_allowed=options["allow_destructive"])
            pre_migrate.disconnect(look_at_plan)  # what the first of all apps is told is enough

        self.turn = turn
        limits = {"seconds": options["lock_timeout"], "tries": options["tries"]}
        pre_migrate.connect(look_at_plan)
        try:
            with Patience(connection, self.tell, **limits) as self.patience:
                while not self.is_done(args, options):
                    pass
        finally:
            pre_migrate.disconnect(look_at_plan)

    def is_done(self, args: tuple[Any, ...], options: dict[str, Any]) -> bool:
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            self.patience.try_again(error)
            return False
        return True

    def migration_progress_callback(
        self, action: str, migration: Migration | None = None, fake: bool = False
    ) -> None:
        """Django's calls before and after each migration."""
        if action in ("apply_start", "unapply_start"):
            self.turn.check()
            self.patience.begin(migration)
        elif action in ("apply_success", "unapply_success"):
            self.patience.begin(None)
        super().migration_progress_callback(action, migration, fake)

    def tell(self, line: str) -> None:
        """Say what goes on beside the output of the command, between whatever it has written."""
        self.stderr.write(line, self.style.NOTICE)


def keep_files(connection: BaseDatabaseWrapper) -> None:
    """Keep what the applied files said, of the default database: no other has such a table."""
    if connection.alias == DEFAULT_DB_ALIAS:
        kept.keep()
