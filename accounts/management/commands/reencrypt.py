"""`manage.py reencrypt`: brings what is kept encrypted under the first of ENCRYPTION_SECRETS."""

from collections.abc import Callable, Iterable
from itertools import batched
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialToken
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import QuerySet

from accounts.encryption import InvalidToken, renew
from accounts.models import Mail, Session
from accounts.social import tokens

BATCH = 500  # rows, which stay locked until all of them are written
SECRETS = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


class Command(BaseCommand):
    help = "Encrypt anew, under the first of ENCRYPTION_SECRETS, what any of them encrypted."

    def handle(self, **options: Any) -> None:
        factors = Authenticator.objects.filter(type__in=SECRETS)
        lost = [
            self.renew("second factors", factors, ["data"], _renew_factor),
            self.renew("sessions", Session.objects.all(), ["session_data"], _renew_session),
            self.renew("OAuth tokens", SocialToken.objects.all(), tokens.COLUMNS, _check_token),
            self.renew("emails", Mail.objects.exclude(message=""), ["message"], _renew_mail),
        ]
        if any(lost):
            raise CommandError(
                "What could not be read needs a secret that is missing from ENCRYPTION_SECRETS."
            )

    def renew(
        self,
        name: str,
        rows: QuerySet[Any],
        fields: Iterable[str],
        renew_row: Callable[[Any], None],
    ) -> int:
        """Renew these rows, say how many, and return how many could not be read."""
        count = renewed = 0
        for keys in batched(rows.order_by().values_list("pk", flat=True).iterator(), BATCH):
            count += len(keys)
            renewed += _renew_batch(rows.filter(pk__in=keys), fields, renew_row)
        self.stdout.write(f"{name}: {renewed} renewed, {count - renewed} could not be read")
        return count - renewed


@transaction.atomic
def _renew_batch(
    rows: QuerySet[Any], fields: Iterable[str], renew_row: Callable[[Any], None]
) -> int:
    """Return how many of the rows are renewed. The locks keep what is written meanwhile."""
    locked = rows.order_by("pk").select_for_update()
    return rows.bulk_update([row for row in locked if _is_renewed(row, renew_row)], fields)


def _is_renewed(row: Any, renew_row: Callable[[Any], None]) -> bool:
    try:
        renew_row(row)
    except InvalidToken:
        return False
    return True


def _renew_factor(factor: Authenticator) -> None:
    secret = SECRETS[factor.type]
    factor.data[secret] = renew(factor.data[secret])


def _renew_session(session: Session) -> None:
    session.session_data = renew(session.session_data)


def _renew_mail(mail: Mail) -> None:
    mail.message = renew(mail.message)


def _check_token(token: SocialToken) -> None:
    """Raise InvalidToken for one that cannot be read; writing encrypts any other anew."""
    if not token.token:
        raise InvalidToken
