"""What the project itself keeps."""

from django.db import models
from uuid_utils.compat import uuid7


class MigrationFile(models.Model):
    """What a migration's file said when it was applied; config.database.kept keeps it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    app = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    applied = models.DateTimeField()  # as django_migrations has it; another time, another file
    fingerprint = models.CharField(max_length=64)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["app", "name"], name="migration_file_once"),
        ]

    def __str__(self) -> str:
        return f"{self.app}.{self.name}"
