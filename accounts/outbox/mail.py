"""The table of emails: those that wait to be delivered, and for a while those that were."""

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models, transaction
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from accounts.encryption import decrypt
from accounts.events import Event
from accounts.verbs import Verb

if TYPE_CHECKING:
    from accounts.models import User
    from accounts.outbox.transport import Failure

LEASE = timedelta(minutes=5)  # more than one email can take: see MAILERS in the settings
SERVER_AWAY = timedelta(minutes=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=4)
GIVEN_UP_AFTER = timedelta(days=3)
LATE = timedelta(minutes=15)  # by then somebody wants to know what keeps an email

# Whose turn it is, taken by one process alone and for as long as it may need.
CLAIM = """
WITH due AS (
    SELECT id FROM accounts_mail WHERE next_try <= statement_timestamp() {}
    ORDER BY next_try, id LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE accounts_mail SET tries = tries + 1, next_try = statement_timestamp() + %s
FROM due WHERE accounts_mail.id = due.id
RETURNING accounts_mail.*, statement_timestamp() - created AS waited,
    coalesce(expires <= statement_timestamp(), false) AS is_over
"""
CLAIM_ANY, CLAIM_THESE = CLAIM.format(""), CLAIM.format("AND id = ANY(%s)")


class MailState(models.TextChoices):
    PENDING = "pending", "On its way"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up", "Given up"


class MailQuerySet(models.QuerySet["Mail"]):
    def in_state(self, state: str) -> Self:
        """Return the emails in this state, which is one of MailState."""
        column = {"pending": "next_try"}.get(state, state)
        return self.filter(**{f"{column}__isnull": False})

    def late(self) -> Self:
        """Return the emails that have been on their way for LATE."""
        return self.in_state(MailState.PENDING).filter(created__lt=Now() - LATE)

    def claim(self, *, limit: int = 1, ids: Collection[UUID] | None = None) -> list["Mail"]:
        """Return emails that are due, the oldest first, which nobody else gets for LEASE.

        With `ids` only some of these. Call it outside of any transaction: what was taken by a
        process that dies goes out again once the lease is over. In one of its own, it is nobody's
        when the database takes the statement, but falls silent before it answers.
        """
        with transaction.atomic(savepoint=False):
            if ids is None:
                return list(self.raw(CLAIM_ANY, [limit, LEASE]))
            return list(self.raw(CLAIM_THESE, [list(ids), len(ids), LEASE]))

    def release(self) -> None:
        """Make what was claimed, and not sent, due at once."""
        self.in_state(MailState.PENDING).update(next_try=Now())

    def mark_delivered(self) -> None:
        """Say that the mail server has these emails, and wipe what they said."""
        self.update(delivered=Now(), next_try=None, given_up=None, message="", last_error="")

    @transaction.atomic
    def try_again(self, *, by: "User") -> int:
        """Make due now what was given up or waits, and is still of use; return how many these are.

        What is due within LEASE may be under way at this moment, and will be tried anyway.
        """
        waits = models.Q(next_try__gt=Now() + LEASE)
        chosen = self.filter(waits | models.Q(given_up__isnull=False))
        chosen = chosen.exclude(expires__lte=Now()).select_for_update()
        ids = [str(pk) for pk in chosen.values_list("pk", flat=True)]
        if ids:
            self.model.objects.filter(pk__in=ids).update(next_try=Now(), given_up=None)
            Event.record(Verb.EMAILS_TRIED_AGAIN, by=by, emails=ids)
        return len(ids)


class Mail(models.Model):
    """One email. It waits as long as it has a next try; then it was delivered, or given up."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created = models.DateTimeField("queued", db_default=Now(), editable=False)
    sender = models.TextField()
    recipients = ArrayField(models.TextField())
    subject = models.TextField()
    message = models.TextField()  # all of it, as MIME and encrypted; empty once it is delivered
    expires = models.DateTimeField("of use until", null=True)  # as its code or link is
    # Nobody is there any more to whom it is about: the row goes with the delivery, or instead of.
    is_last = models.BooleanField(default=False)
    tries = models.PositiveIntegerField(default=0)
    next_try = models.DateTimeField(null=True, db_default=Now())
    last_error = models.CharField(
        max_length=100, blank=True
    )  # its kind, for its text has addresses
    delivered = models.DateTimeField(null=True)
    given_up = models.DateTimeField(null=True)

    objects = MailQuerySet.as_manager()

    # Told by `claim`, by the database's clock: since when it is queued, and whether it expired.
    waited: timedelta
    is_over: bool

    class Meta:
        ordering = ["-id"]
        verbose_name = "email"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(next_try__isnull=False, delivered=None, given_up=None)
                | models.Q(next_try=None, delivered__isnull=False, given_up=None)
                | models.Q(next_try=None, delivered=None, given_up__isnull=False),
                name="mail_has_one_state",
            ),
            models.CheckConstraint(
                condition=models.Q(delivered=None) | models.Q(message=""), name="mail_is_wiped"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try", "id"],
                condition=models.Q(next_try__isnull=False),
                name="mail_due",
            ),
            models.Index(
                fields=["id"], condition=models.Q(given_up__isnull=False), name="mail_given_up"
            ),
            # Without a list of what is still to be sorted in, which each search would read through.
            GinIndex(fields=["recipients"], name="mail_to", fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {', '.join(self.recipients)}"

    @property
    def state(self) -> MailState:
        if self.delivered:
            return MailState.DELIVERED
        return MailState.GIVEN_UP if self.given_up else MailState.PENDING

    def text(self) -> str:
        """Return the email as it was queued, headers and all; raises InvalidToken.

        That is, none of ENCRYPTION_SECRETS encrypted it.
        """
        return decrypt(self.message)

    def fail(self, failure: "Failure") -> None:
        """Say that it did not get through: it is tried again, or given up for good.

        A mail server that is away is asked again in a minute. An email that it turns down for now,
        or breaks off over, waits as long again as it has waited, from one minute to four hours,
        for three days: a mail server that takes it, and never says so, sends it each time.
        """
        changes: dict[str, Any] = {"last_error": failure.kind}
        if failure.recipients:
            changes["recipients"] = failure.recipients
        if failure.is_final or self.waited > GIVEN_UP_AFTER:
            changes |= {"next_try": None, "given_up": Now()}
        else:
            pause = min(max(self.waited, FIRST_PAUSE), LONGEST_PAUSE)
            is_away = failure.is_servers and not failure.is_unclear
            changes["next_try"] = Now() + (SERVER_AWAY if is_away else pause)
        if self.is_over:
            changes["message"] = ""
        # Unless its lease ended and somebody else has it by now.
        mine = Mail.objects.filter(pk=self.pk, tries=self.tries, next_try__isnull=False)
        if self.is_last and "given_up" in changes:
            mine.delete()
        else:
            mine.update(**changes)
