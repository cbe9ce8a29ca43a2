"""Letting people in: an email with a link to sign up, for those whose turn it is.

The link works for a week and for its address alone, in every SIGNUP_MODE. A new one replaces it,
which whoever has an expired one can have sent to its address.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Event, User
from accounts.outbox import queue_all
from accounts.verbs import Verb
from waitlist import emails
from waitlist.models import Entry
from waitlist.states import State, is_in, standing

LIFETIME = timedelta(days=7)
MOST_AT_ONCE = 500  # people

HAS_ACCOUNT = Exists(EmailAddress.objects.filter(email=OuterRef("email"), verified=True))


@dataclass(frozen=True)
class Outcome:
    """How many got an email, and how many were left out because of how they stand."""

    invited: int
    skipped: Counter[State]


@transaction.atomic
def invite(chosen: Iterable[UUID], *, by: User, again: bool = False) -> Outcome:
    """Invite these entries, also whose link has expired; with `again` those whose link works, too.

    Who has joined or unsubscribed, or has to confirm their address first, is left out. Two who
    choose the same people at once invite them once. However many these are, it takes as many
    statements.
    """
    rows = Entry.objects.filter(pk__in=chosen).order_by("pk")
    entries = _noticing_accounts(_held(rows))
    answers = {entry: State(entry.state) for entry in entries}
    invited = [entry for entry, state in answers.items() if is_invitable(state, again=again)]
    _send(invited, by=by)
    return Outcome(len(invited), Counter(answers[one] for one in answers.keys() - {*invited}))


@transaction.atomic
def invite_next(number: int, *, by: User) -> Outcome:
    """Invite so many of those who wait, the longest waiting first, or as many as there are.

    Whom somebody else invites at this moment is passed over, so that two who invite 'the next ten'
    at once invite twenty people.
    """
    invited = list(_held(next_in_line(), skip_locked=True)[:number])
    _send(invited, by=by)
    return Outcome(len(invited), Counter())


@transaction.atomic
def renew(token: str) -> None:
    """Send a new link to the address of this one, which has expired; it can be renewed once.

    Who has it got it by email. Raises DoesNotExist for a link that works or never did, and for one
    of somebody who has joined or unsubscribed.
    """
    expired = Entry.objects.filter(is_in(State.EXPIRED), ~HAS_ACCOUNT)
    entry = _held(expired).get(token_hash=_hash(token))
    _send([entry], by=None, verb=Verb.WAITLIST_LINK_RENEWED)


def next_in_line() -> QuerySet[Entry]:
    """Return those who wait and have no account, the longest waiting first."""
    return Entry.objects.filter(is_in(State.WAITING), ~HAS_ACCOUNT).order_by("created", "id")


def is_invitable(state: State, *, again: bool) -> bool:
    """Whether somebody in this state gets an email when they are chosen."""
    return state in (State.WAITING, State.EXPIRED) or (again and state == State.INVITED)


def find(token: str) -> Entry:
    """Return the entry of this link; raises DoesNotExist, for a link replaced since too."""
    return Entry.objects.exclude(token_hash="").get(token_hash=_hash(token))


def _held(rows: QuerySet[Entry], *, skip_locked: bool = False) -> Any:
    """Lock the rows until the end of the transaction; each tells its `state` by then."""
    told = rows.annotate(state=standing(), has_account=HAS_ACCOUNT)
    return told.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)


def _noticing_accounts(entries: Iterable[Any]) -> list[Any]:
    """Mark those as joined whose account was made at the moment they joined the list."""
    entries = list(entries)
    missed = [one for one in entries if one.has_account and one.state != State.JOINED]
    if missed:
        Entry.objects.filter(pk__in=[entry.pk for entry in missed]).update(joined=Now())
    for entry in missed:
        entry.state = State.JOINED
    return entries


def _send(
    entries: Collection[Entry], *, by: User | None, verb: Verb = Verb.WAITLIST_INVITED
) -> None:
    """Give each a link, which alone works from now on. A token leaves here only in its email."""
    if not entries:
        return
    now = timezone.now()
    tokens = [secrets.token_urlsafe(32) for _ in entries]
    for entry, token in zip(entries, tokens, strict=True):
        entry.token_hash, entry.invited, entry.expires = _hash(token), now, now + LIFETIME
    Entry.objects.bulk_create(
        entries,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["token_hash", "invited", "expires"],
    )
    messages = map(emails.invitation, entries, tokens)
    queue_all(messages, expires=now + LIFETIME, in_background=True)  # five hundred take a while
    Event.record_all(verb, by=by, subjects={entry: entry.email for entry in entries})


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
