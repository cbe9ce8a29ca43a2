"""Who is waiting. No foreign keys: the waitlist works alone."""

import json
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import connection, models, transaction
from django.db.models.functions import Coalesce, Lower, Now, Reverse
from uuid_utils.compat import uuid7

from waitlist import emails, limits
from waitlist.later import later


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
            # One for each state (waitlist/states.py), with what tells it apart and the order.
            models.Index(
                fields=["created", "id", "confirmed"],
                condition=models.Q(invited=None, joined=None, unsubscribed=None),
                name="entry_waiting",
            ),
            models.Index(
                fields=["id", "expires"],
                condition=models.Q(invited__isnull=False, joined=None, unsubscribed=None),
                name="entry_invited",
            ),
            models.Index(
                fields=["id"], condition=models.Q(joined__isnull=False), name="entry_joined"
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(joined=None, unsubscribed__isnull=False),
                name="entry_unsubscribed",
            ),
            # Found by the end of the address, and by how they came.
            models.Index(OpClass(Reverse("email"), "text_pattern_ops"), name="entry_domain"),
            GinIndex(fields=["source"], opclasses=["jsonb_path_ops"], name="entry_source"),
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

    @classmethod
    def join(cls, email: str, source: dict[str, str] | None = None) -> None:
        """Put the address (normalized, see JoinForm) on the list, unless it is there already.

        Who has to confirm it (`has_to_confirm`) is sent a link, but seldom (`limits`). Whether
        it is new, known or full of mail shows neither in what this returns nor in its time.
        Without WAITLIST_CONFIRM only who unsubscribed is written to, and a moment later.
        """
        if not settings.WAITLIST_CONFIRM:
            entry = cls._put(email, source)
            if entry.unsubscribed:
                later(entry.ask_to_confirm)
            return
        with transaction.atomic():
            cls._put(email, source).ask_to_confirm()

    @classmethod
    def join_in_vain(cls, email: str, source: dict[str, str] | None = None) -> None:
        """Do nothing, but for as long as `join` takes: robots are not to know that they are."""
        if not settings.WAITLIST_CONFIRM:
            with connection.cursor() as cursor:
                cursor.execute(PUT_NOTHING)
            return
        with transaction.atomic(), transaction.atomic():
            cls.join(email, source)
            transaction.set_rollback(True)

    @classmethod
    def _put(cls, email: str, source: dict[str, str] | None) -> "Entry":
        [entry] = cls.objects.raw(PUT, [uuid7(), email, json.dumps(source or {})])
        return entry

    @property
    def has_to_confirm(self) -> bool:
        """Whether an email is to prove first that its owner wants to be here.

        In any case after they unsubscribed: nobody else may bring them back. But nobody who has an
        account: there is nothing left to wait for.
        """
        is_open = bool(self.unsubscribed) or (settings.WAITLIST_CONFIRM and not self.confirmed)
        return is_open and not self.joined

    @transaction.atomic
    def ask_to_confirm(self) -> None:
        """Send the link if there is something to confirm, and if there were few lately.

        Otherwise all of it is undone, and took as long.
        """
        has_left = bool(self.unsubscribed)
        may_be_sent = limits.may_ask_to_confirm(self.email, unsubscribed=has_left)
        emails.confirmation(self)
        if not (may_be_sent and self.has_to_confirm):
            transaction.set_rollback(True)

    def confirm(self, *, unsubscribed: datetime | None = None) -> bool:
        """Note that the address is its owner's wish; return whether it stands so now.

        That takes back that they unsubscribed at that moment, and nothing later: the link from
        before is over then.
        """
        same = models.Q(unsubscribed=None) | models.Q(unsubscribed=unsubscribed)
        found = Entry.objects.filter(same, pk=self.pk)
        return bool(found.update(confirmed=Coalesce("confirmed", Now()), unsubscribed=None))

    @transaction.atomic
    def unsubscribe(self) -> None:
        """Send no more email to this address: also none that is on its way."""
        Entry.objects.filter(pk=self.pk, unsubscribed=None).update(unsubscribed=Now())
        emails.withdraw(self.email)

    def erase(self) -> None:
        """Delete the entry and what else is kept of its address: see 0004_entries_go_whole."""
        Entry.objects.filter(pk=self.pk).delete()


# PostgreSQL settles who is first, so that two hundred at once make one row. It also has the last
# word on what is lower-case, as in the constraint above: its Unicode may be newer than ours. What
# is known already is written, too, though nothing changes, so that it takes as long.
PUT = """
INSERT INTO waitlist_entry (id, email, source, token_hash)
VALUES (%s, lower(%s), %s::jsonb, '')
ON CONFLICT (email) DO UPDATE SET email = excluded.email
RETURNING id, email, confirmed, joined, unsubscribed
"""
# What takes time is to have the log on disk, and an empty message in it takes as long as a row.
PUT_NOTHING = "SELECT pg_logical_emit_message(true, 'waitlist', '')"
