"""Who is waiting. No foreign keys: the waitlist works alone."""

from django.db import connection, models
from django.db.models.functions import Lower, Now
from uuid_utils.compat import uuid7

from accounts.models import User


class Entry(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    created = models.DateTimeField(db_default=Now(), editable=False)
    confirmed = models.DateTimeField(null=True, editable=False)
    invited = models.DateTimeField(null=True, editable=False)
    joined = models.DateTimeField(null=True, editable=False)
    unsubscribed = models.DateTimeField(null=True, editable=False)
    # How they came: utm_source, utm_medium and so on, and `referrer`, a host. Texts, checked.
    source = models.JSONField(default=dict, editable=False)
    # Of the latest sign-up link, which is only ever in the mail.
    token_hash = models.CharField(max_length=64, blank=True, editable=False)
    expires = models.DateTimeField("link works until", null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "entries"
        indexes = [
            models.Index(
                fields=["created", "id"],
                condition=models.Q(invited=None, joined=None, unsubscribed=None),
                name="entry_waiting",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(token_hash="", expires=None)
                | ~models.Q(token_hash="") & models.Q(expires__isnull=False, invited__isnull=False),
                name="entry_link",
            ),
            models.UniqueConstraint(
                fields=["token_hash"], condition=~models.Q(token_hash=""), name="entry_one_link"
            ),
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


JOIN = """
INSERT INTO waitlist_entry (id, email, source, token_hash)
VALUES (%s, lower(%s), '{}', '') ON CONFLICT DO NOTHING
"""
