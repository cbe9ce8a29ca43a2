"""How an entry stands: each in exactly one of these states. Who has an account has joined, whatever
they did before; who unsubscribed gets no more email."""

from django.conf import settings
from django.db.models import Case, Q, TextChoices, Value, When
from django.db.models.functions import Now


class State(TextChoices):
    WAITING = "waiting", "Waiting"
    UNCONFIRMED = "unconfirmed", "Not confirmed"
    INVITED = "invited", "Invited"
    EXPIRED = "expired", "Link expired"
    JOINED = "joined", "Joined"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"


def is_in(state: State) -> Q:
    """Return what picks the entries in this state; indexes of Entry serve each of them."""
    wanted = Q(joined=None, unsubscribed=None)
    was_invited = wanted & Q(invited__isnull=False)
    was_not = wanted & Q(invited=None)
    match state:
        case State.WAITING:
            return was_not & Q(confirmed__isnull=False) if settings.WAITLIST_CONFIRM else was_not
        case State.UNCONFIRMED:
            return was_not & (Q(confirmed=None) if settings.WAITLIST_CONFIRM else Q(pk__in=[]))
        case State.INVITED:
            return was_invited & Q(expires__gt=Now())
        case State.EXPIRED:
            return was_invited & (Q(expires=None) | Q(expires__lte=Now()))
        case State.JOINED:
            return Q(joined__isnull=False)
        case State.UNSUBSCRIBED:
            return Q(joined=None, unsubscribed__isnull=False)


def standing() -> Case:
    """Return the state as an expression, to annotate entries with."""
    return Case(*(When(is_in(state), then=Value(state)) for state in State))
