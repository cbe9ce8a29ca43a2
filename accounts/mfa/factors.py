"""Who has a second factor, and which browsers are trusted with it."""

import secrets
from collections.abc import Iterable
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.db import models
from django.db.models import Exists, OuterRef

from accounts.models import User

SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
HAS_SECOND_FACTOR = Exists(
    Authenticator.objects.filter(user=OuterRef("pk"), type__in=SECOND_FACTORS)
)


def has_second_factor(user: User) -> bool:
    """Whether sign-in asks this person for more than a password; recovery codes alone do not."""
    return is_mfa_enabled(user, SECOND_FACTORS)


def drop_codes_without_factor(people: Iterable[UUID]) -> None:
    """Delete the recovery codes of those of these people who have no second factor any more.

    They stand in for one: whoever adds another, in a year, is not to get in by old codes.
    """
    codes = Authenticator.objects.filter(type=Authenticator.Type.RECOVERY_CODES, user__in=people)
    others = Authenticator.objects.filter(user=OuterRef("user"), type__in=SECOND_FACTORS)
    codes.exclude(Exists(others)).delete()


def distrust_browsers(user: User) -> None:
    """Let the next sign-in ask for the second factor on every browser that was trusted.

    allauth trusts a browser as long as nothing of the person's set-up changes, which is their
    password and of each authenticator its id, type and 'seed'.
    """
    seed = models.Value({"seed": secrets.token_urlsafe(16)}, models.JSONField())
    with_seed = models.Func(models.F("data"), seed, template="%(expressions)s", arg_joiner=" || ")
    Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS).update(data=with_seed)
