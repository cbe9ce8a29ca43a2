"""What `migrate` does not do to rows unless it is told to, and they are kept elsewhere."""

from datetime import timedelta

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from config.database import origins, plan
from config.database.backups import exports

FRESH = timedelta(hours=1)  # an export that is older lacks too much of what people did since


def check(app_label: str, migration_name: str, *, is_allowed: bool) -> None:
    """Raise CommandError if a step of this `migrate` would destroy something, and may not.

    In staging and production it has to be allowed, and the database exported within the last hour.
    Elsewhere a database that was migrated there takes the word, too: it is a copy, or ENVIRONMENT
    was forgotten. An empty database has nothing to lose.
    """
    places = [] if settings.DEPLOYED else origins.of(connection.cursor())
    if _is_empty() or not (settings.DEPLOYED or (places and not is_allowed)):
        return
    steps = [step for step in plan.steps(app_label, migration_name) if step.destroys]
    target = f"{app_label} {migration_name}".split()
    if steps and places:
        raise CommandError("\n".join([*_losses(steps), "", *_wanted_here(places, target)]))
    exported = exports.latest() if steps else None
    is_kept = bool(steps) and exports.is_fresh(FRESH)
    if steps and not (is_allowed and is_kept):
        last = f"the last is of {exported:%Y-%m-%d %H:%M} UTC" if exported else "there is none"
        wanted = _wanted(last, target, is_allowed=is_allowed, is_kept=is_kept)
        raise CommandError("\n".join([*_losses(steps), "", *wanted]))


def _is_empty() -> bool:
    return not {*connection.introspection.table_names()} - {"django_migrations"}


def _losses(steps: list[plan.Step]) -> list[str]:
    lines = [f"  {one.migration}: {one.operation}, which loses {one.destroys}" for one in steps]
    return ["Nothing is applied, because something would be lost:", "", *lines]


def _wanted(last: str, target: list[str], *, is_allowed: bool, is_kept: bool) -> list[str]:
    """Return what it takes and is not there yet, and the commands for that."""
    told = "that has to be allowed, and the whole database exported within the last hour; "
    commands = [("db plan", *target), ("db export",), ("migrate", *target, "--allow-destructive")]
    if is_allowed:
        told = "that takes an export of the whole database from the last hour, too; "
        del commands[0]
    elif is_kept:
        told = "that has to be allowed. The whole database is exported: "
        del commands[1]
    return [f"In {settings.ENVIRONMENT} {told}{last}. To go on:", "", *_typed(commands)]


def _wanted_here(places: list[str], target: list[str]) -> list[str]:
    """Return the same for a database of these places, where ENVIRONMENT names another."""
    return [
        f"ENVIRONMENT is {settings.ENVIRONMENT}, and this database was migrated in "
        f"{' and '.join(places)}. If it is not a copy, set ENVIRONMENT; if it is, to go on:",
        "",
        *_typed([("db plan", *target), ("migrate", *target, "--allow-destructive")]),
    ]


def _typed(commands: list[tuple[str, ...]]) -> list[str]:
    return [f"  python manage.py {' '.join(command)}" for command in commands]
