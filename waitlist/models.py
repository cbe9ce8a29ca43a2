"""Who is waiting. No foreign keys: the waitlist works alone."""

import ipaddress

from django.conf import settings
from django.db import connection, models
from django.db.models.functions import Lower, Now
from django.http import HttpRequest
from uuid_utils.compat import uuid7

from accounts import client
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


class Attempt(models.Model):
    """How often one IP address has tried since its first try.

    Not allauth's limiter: that one is internal to allauth, cannot say how long to wait, and takes
    eight statements and a lock that waiters poll. This is one statement, exact however many try
    at once. The table is UNLOGGED: it costs no write to the log, and a crash empties it.
    """

    ip = models.GenericIPAddressField("IP address or IPv6 network", primary_key=True)
    count = models.PositiveIntegerField()
    until = models.DateTimeField("counted until")

    class Meta:
        ordering = ["-until"]
        indexes = [models.Index(fields=["until"], name="attempt_until")]

    def __str__(self) -> str:
        return str(self.ip)

    @staticmethod
    def seconds_to_wait(request: HttpRequest) -> int:
        """Count this try; return 0 if it may go on, else the seconds until the next one may.

        WAITLIST_RATE says how many tries in how many seconds. A refused try does not count.
        """
        amount, seconds = settings.WAITLIST_RATE
        ip = _network(client.ip(request.META))
        with connection.cursor() as cursor:
            cursor.execute(COUNT, {"ip": ip, "amount": amount, "seconds": seconds})
            if cursor.fetchone():
                return 0
            cursor.execute(WAIT, {"ip": ip})
            row = cursor.fetchone()
        return max(row[0], 1) if row else 1


# A refused try returns no row. The first lines forget a few addresses whose time is over.
COUNT = """
WITH forgotten AS (
    DELETE FROM waitlist_attempt WHERE ip IN (
        SELECT ip FROM waitlist_attempt WHERE until < statement_timestamp() AND ip <> %(ip)s
        ORDER BY until LIMIT 10 FOR UPDATE SKIP LOCKED
    )
)
INSERT INTO waitlist_attempt AS known (ip, count, until)
VALUES (%(ip)s, 1, statement_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (ip) DO UPDATE SET
    count = CASE WHEN known.until <= statement_timestamp() THEN 1 ELSE known.count + 1 END,
    until = CASE WHEN known.until <= statement_timestamp() THEN excluded.until ELSE known.until END
WHERE known.until <= statement_timestamp() OR known.count < %(amount)s
RETURNING count
"""
WAIT = """
SELECT ceil(extract(epoch FROM until - statement_timestamp()))::int
FROM waitlist_attempt WHERE ip = %(ip)s
"""


def _network(ip: str | None) -> str:
    """Return what one person holds: an IPv4 address, or the /64 around an IPv6 address.

    Who comes over a Unix socket without a proxy's word shares one limit, as `::`.
    """
    address = ipaddress.ip_address(ip or "::")
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)
