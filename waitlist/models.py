"""Who is waiting. No foreign keys: the waitlist works alone."""

from django.db import connection, models
from django.db.models.functions import Lower, Now
from uuid_utils.compat import uuid7

from accounts.models import User


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

    def clean(self) -> None:
        super().clean()
        self.email = User.objects.normalize_email(self.email)

    @staticmethod
    def join(email: str) -> None:
        """Put the address (normalized, see JoinForm) on the list, unless it is there already.

        PostgreSQL settles who is first, so that fifty at once make one row. It also has the last
        word on what is lower-case, as in the constraint above: its Unicode may be newer than ours.
        """
        with connection.cursor() as cursor:
            cursor.execute(JOIN, [uuid7(), email])


JOIN = "INSERT INTO waitlist_entry (id, email) VALUES (%s, lower(%s)) ON CONFLICT DO NOTHING"
