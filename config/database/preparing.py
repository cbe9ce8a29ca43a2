"""From a database that can be reached to one that the site can run on."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections

from accounts.models import User
from accounts.outbox.attempt import Background
from config import seeding
from config.database import making, origins
from config.database.pending import pending_migrations
from config.database.target import Target, parameters


def set_up(target: Target, say: Callable[[str], object], *, seed: bool) -> None:
    """Make the database if it is missing, migrate it, and with `seed` see that somebody is in it.

    What is done already is left alone; `say` is told what is done. Raises CommandError.
    """
    if making.ensure(target, parameters(settings.DATABASES["default"])):
        say(f"Made the database {target.name}")
    origins.check_not_forgotten(target, connection.cursor())
    prepare(say, seed=seed)


def prepare(say: Callable[[str], object], *, seed: bool) -> None:
    """Do what `set_up` does to a database that is there."""
    if pending := pending_migrations():
        say(f"Migrating the database: {len(pending)} new")
        # It prints the token that makes the first owner, whom the seed makes itself.
        call_command("migrate", verbosity=0 if seed else 1, interactive=False)
    if seed and not User.objects.exists():
        say("Seeding the demo people")
        fill()
    connections.close_all()


def fill() -> None:
    """Make what is missing of the demo people; raises CommandError if their rules forbid it.

    Everybody knows their password, and one of them owns the platform. So not where staging or
    production has been, even if ENVIRONMENT, which somebody forgot to set, says development.
    """
    if places := origins.of(connection.cursor()):
        raise CommandError(
            f"Nobody was seeded: this database was migrated in {' and '.join(places)}."
        )
    try:
        seeding.seed()
    except ValidationError as error:
        raise CommandError(f"Nobody was seeded: {' '.join(error.messages)}") from error
    Background.wait()  # a command that ends now would leave the second email to nobody
