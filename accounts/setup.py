"""The platform's first owner: made once, by whoever holds the token that `migrate` prints.

Afterwards nobody is, whatever they hold: owners make owners, or `manage.py grant_role` does.
"""

import hashlib
import secrets
from typing import Any

from allauth.account.models import EmailAddress
from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from accounts import limits
from accounts.models import Event, SetupToken, User
from accounts.roles import PlatformRole
from accounts.verbs import Verb

RATE = (10, 60)  # tries in seconds, of one visitor


class AlreadyOwned(ObjectDoesNotExist):
    """The platform has an owner: there is nothing to set up."""


def is_open() -> bool:
    """Whether the platform has no owner yet."""
    return not User.objects.filter(role=PlatformRole.OWNER).exists()


def accepts(token: str) -> bool:
    """Whether this is the token that `migrate` printed last, or SETUP_TOKEN."""
    known = list(SetupToken.objects.values_list("token_hash", flat=True))
    if settings.SETUP_TOKEN:
        known.append(_hash(settings.SETUP_TOKEN))
    return any(constant_time_compare(_hash(token), token_hash) for token_hash in known)


def seconds_to_wait(request: HttpRequest) -> int:
    """Count this try of a visitor; return 0 if it may go on, else the seconds until the next."""
    return limits.count("setup", limits.visitor(request), *RATE).wait


def make_first_owner(*, name: str, email: str, password: str) -> User:
    """Return the new owner, whose address counts as confirmed; call it after `accepts`.

    Raises AlreadyOwned, of two at once for the second; IntegrityError for an address that is taken.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('accounts: first owner'))")
        if not is_open():
            raise AlreadyOwned
        SetupToken.objects.all().delete()
        owner = User.objects.create_user(email, password, name=name, role=PlatformRole.OWNER)
        EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
        Event.record(Verb.ROLE_CHANGED, by=owner, subject=owner, before="user", after="owner")
    return owner


def new_token() -> str:
    """Return a new token, which takes the place of an earlier one; only its hash is kept."""
    token = secrets.token_urlsafe(24)
    SetupToken.objects.update_or_create(pk=1, defaults={"token_hash": _hash(token)})
    return token


@receiver(post_migrate)
def tell_token(
    sender: AppConfig, verbosity: int, stdout: Any = None, apps: Any = None, **options: Any
) -> None:
    """Print after `manage.py migrate` how to become the first owner, as long as there is none.

    Not after `flush`, which has nothing to print to, nor where migrating backwards took our table.
    """
    if sender.label != "accounts" or not (verbosity and stdout):
        return
    if "setuptoken" in apps.all_models["accounts"] and is_open():
        token = "SETUP_TOKEN" if settings.SETUP_TOKEN else new_token()
        stdout.write(
            "\nThe platform has no owner yet. Open /setup/ on your site to become the owner, once, "
            f"with this token:\n\n    {token}\n\n"
        )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
