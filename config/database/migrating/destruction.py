"""What `migrate` does not do to rows unless it is told to, and they are kept elsewhere."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from config.database import exports, plan

FRESH = timedelta(hours=1)  # an export that is older lacks too much of what people did since


def check(app_label: str, migration_name: str, *, is_allowed: bool) -> None:
    """Raise CommandError if a step of this `migrate` would destroy something, and may not.

    In staging and production it has to be allowed, and the database exported within the last hour.
    An empty database has nothing to lose.
    """
    if not settings.DEPLOYED or _is_empty():
        return
    steps = [step for step in plan.steps(app_label, migration_name) if step.destroys]
    exported = exports.latest() if steps else None
    if steps and not (is_allowed and exported and exported > timezone.now() - FRESH):
        raise CommandError(_refusal(steps, f"{app_label} {migration_name}".split(), exported))


def _is_empty() -> bool:
    return not {*connection.introspection.table_names()} - {"django_migrations"}


def _refusal(steps: list[plan.Step], target: list[str], exported: datetime | None) -> str:
    last = f"the last is of {exported:%Y-%m-%d %H:%M} UTC" if exported else "there is none"
    lines = ["Nothing is applied, because something would be lost:", ""]
    lines += [
        f"  {step.migration}: {step.operation}, which loses {step.destroys}" for step in steps
    ]
    lines += ["", f"In {settings.ENVIRONMENT} that has to be allowed, and the whole database "]
    lines[-1] += f"exported within the last hour; {last}. To go on:"
    commands = ("db plan", *target), ("db export",), ("migrate", *target, "--allow-destructive")
    return "\n".join([*lines, "", *(f"  python manage.py {' '.join(one)}" for one in commands)])
