"""What the admin's front page tells: who came, who waits, and what is in trouble.

Each number leads to the list that it counts. It costs the same few statements however many rows
there are.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import ProgrammingError
from django.db.models import Count, F, Func, IntegerField, Model, QuerySet, UUIDField, Value
from django.utils import timezone

from accounts.browsing import address_of
from accounts.browsing.counting import Estimate, totals
from accounts.events import first_id
from accounts.models import Mail, User
from accounts.recent import recent
from config.database.pending import BROKEN, pending_migrations
from orgs.models import Organization
from waitlist.models import Entry
from waitlist.states import State, is_in

DAYS = 30  # of the chart
NEW = {1: "new in 24 hours", 7: "in 7 days", 30: "in 30 days"}  # as the lists' own filter counts
HEIGHT = 48  # of the chart, in its own units; a day is WIDTH of them wide
WIDTH = 10


@dataclass
class Figure:
    """A number and what it counts; the address leads to these rows."""

    label: str
    rows: QuerySet[Any]
    url: str
    is_trouble: bool = False
    number: int = 0

    def __str__(self) -> str:
        return str(self.number) if isinstance(self.number, Estimate) else f"{self.number:,}"


class Bar(NamedTuple):
    """One day of the chart."""

    day: date
    number: str
    x: int
    y: float
    height: float


class Group(NamedTuple):
    title: str
    figures: list[Figure]
    quiet: str = ""  # what is said in the place of nothing but zeros

    @property
    def is_quiet(self) -> bool:
        return bool(self.quiet) and not any(figure.number for figure in self.figures)


def read() -> dict[str, Any]:
    """Return what the page shows: figures, the chart, and what is wrong with the migrations.

    While one is pending, tables may lack what the figures need: then there are none.
    """
    problem = _problem()
    try:
        groups, chart = _counted(_groups()), _chart(_recent_sign_ups())
    except ProgrammingError:
        if not problem:
            raise
        return {"problem": problem}
    return {"problem": problem, "groups": groups, "chart": chart}


def _problem() -> str:
    """Return what is wrong with the migrations, nothing if all are applied."""
    try:
        number = len(pending_migrations())
    except BROKEN as error:
        return f"The migrations cannot be read: {error}"
    if number == 1:
        return "A migration is pending. Run manage.py migrate."
    return f"{number} migrations are pending. Run manage.py migrate." if number else ""


def _groups() -> list[Group]:
    groups = [
        Group("People", [_all(User), *(_new(User, days) for days in NEW)]),
        Group("Organizations", [_all(Organization), *(_new(Organization, days) for days in NEW)]),
    ]
    if settings.WAITLIST_ENABLED:
        asked = [State.UNCONFIRMED] if settings.WAITLIST_CONFIRM else []
        states = [State.WAITING, *asked, State.INVITED, State.EXPIRED, State.JOINED]
        entries = [_in_state(state) for state in states]
        groups.append(Group("Waitlist", entries, "Nobody is waiting, and nobody was let in."))
    emails = [
        _trouble("given up", Mail.objects.in_state("given_up"), "given_up"),
        _trouble("on its way for over 15 minutes", Mail.objects.late(), "late"),
    ]
    return [*groups, Group("Email", emails, "Nothing was given up, and nothing is late.")]


def _all(model: type[Model]) -> Figure:
    return Figure("altogether", model._default_manager.all(), address_of(model, "changelist"))


def _new(model: type[Model], days: int) -> Figure:
    rows = model._default_manager.filter(pk__gte=first_id(timezone.now() - timedelta(days=days)))
    return Figure(NEW[days], rows, address_of(model, "changelist", query={"days": days}))


def _in_state(state: State) -> Figure:
    url = address_of(Entry, "changelist", query={"state": state.value})
    return Figure(state.label.lower(), Entry.objects.filter(is_in(state)), url)


def _trouble(label: str, emails: QuerySet[Any], state: str) -> Figure:
    return Figure(label, emails, address_of(Mail, "changelist", query={"state": state}), True)


def _counted(groups: list[Group]) -> list[Group]:
    figures = [figure for group in groups for figure in group.figures]
    for figure, number in zip(figures, totals([figure.rows for figure in figures]), strict=True):
        figure.number = number
    return groups


def _recent_sign_ups() -> dict[date, int]:
    """Return `_sign_ups`, which reads the ids of a month, as they were a minute ago or later."""
    zone = timezone.get_current_timezone_name()
    return recent(f"sign-ups-{timezone.localdate()}-{zone}", _sign_ups)


def _sign_ups() -> dict[date, int]:
    """Return how many people signed up on each of the last days, as the reader's clock has them.

    PostgreSQL sorts ids into days by the time in them: it reads the primary key alone.
    """
    today = timezone.localdate()
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    starts = [first_id(timezone.make_aware(datetime.combine(day, time.min))) for day in days]
    bounds = Value(starts, output_field=ArrayField(UUIDField()))
    bucket = Func(F("pk"), bounds, function="width_bucket", output_field=IntegerField())
    people = User.objects.filter(pk__gte=starts[0]).annotate(bucket=bucket).order_by()
    numbers = dict(people.values_list("bucket").annotate(Count("pk")))
    return {day: numbers.get(bucket, 0) for bucket, day in enumerate(days, start=1)}


def _chart(numbers: dict[date, int]) -> dict[str, Any] | None:
    """Return what to draw: the most there were on one day are as high as the chart."""
    most = max(numbers.values())
    if not most:
        return None
    heights = [round(number / most * HEIGHT, 1) for number in numbers.values()]
    bars = [
        Bar(day, f"{number:,}", x * WIDTH, HEIGHT - height, height)
        for x, ((day, number), height) in enumerate(zip(numbers.items(), heights, strict=True))
    ]
    return {"bars": bars, "most": f"{most:,}", "width": DAYS * WIDTH, "height": HEIGHT}
