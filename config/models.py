"""What the project itself keeps."""

from django.conf import settings
from django.db import models
from uuid_utils.compat import uuid7


def current_environment() -> str:
    return settings.ENVIRONMENT


class MigrationFile(models.Model):
    """What a migration's file said when it was applied; config.database.kept keeps it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    app = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    applied = models.DateTimeField()  # as django_migrations has it; another time, another file
    fingerprint = models.CharField(max_length=64)
    # Where it was: `db reset` asks about rows that may be production's.
    environment = models.CharField(max_length=20, default=current_environment)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["app", "name"], name="migration_file_once"),
        ]

    def __str__(self) -> str:
        return f"{self.app}.{self.name}"
