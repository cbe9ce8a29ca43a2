"""Handing an organization over: the primary owner offers, the other one accepts."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from uuid_utils.compat import uuid7


class Transfer(models.Model):
    """An offer of the primary ownership, one at a time; accepted, declined or revoked, it is gone.

    It goes with the membership of whom it was made to, too.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.OneToOneField(
        "orgs.Organization", models.CASCADE, related_name="transfer"
    )
    membership = models.ForeignKey(
        "orgs.Membership", models.CASCADE, related_name="transfers", verbose_name="offered to"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)
    expires = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.organization} to {self.membership.user}"

    @property
    def is_expired(self) -> bool:
        return self.expires <= timezone.now()
