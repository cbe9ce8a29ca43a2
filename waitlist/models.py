"""Who is waiting. No foreign keys: the waitlist works alone."""

from django.db import models
from django.db.models.functions import Lower, Now
from uuid_utils.compat import uuid7


class Entry(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "entries"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="entry_email_lower"
            ),
        ]

    def __str__(self) -> str:
        return self.email
