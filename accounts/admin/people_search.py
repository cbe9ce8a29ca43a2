"""Finding people among many, by the beginnings of words of their name and address."""

import re
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import BooleanField, Case, Q, QuerySet, When

from accounts.browsing.counting import MOST_COUNTED, MOST_SORTED, Estimate, counted
from accounts.browsing.rows import MOST_WORDS
from accounts.models import SEARCHED, User

SAMPLE = 1_000  # people


def found(people: QuerySet[User], term: str) -> tuple[QuerySet[Any], Estimate | None]:
    """Return the people, in their order, whom each word of the term fits.

    Also how many these are about, where they are more than anybody counts.
    """
    words = re.findall(r"[^\W_]+", term)[:MOST_WORDS]  # of an address there may be more
    if not words or len(term.split()) > MOST_WORDS:
        return people.none(), None
    query = " & ".join(f"{word}:*" for word in words)
    fits = Q(searched=SearchQuery(query, config="simple", search_type="raw"))
    number = _sampled(people, fits)
    if number > MOST_COUNTED:
        return _walked(people, fits), Estimate(number)
    return _looked_up(people, fits), None


def _sampled(people: QuerySet[User], fits: Q) -> int:
    """Return about how many of so many people fit, judged by the newest; for few 0."""
    every = counted(people)
    if every <= MOST_COUNTED:
        return 0
    newest = people.order_by("-pk").values("pk")[:SAMPLE]
    return _searched().filter(_compared(fits), pk__in=newest).count() * every // SAMPLE


def _walked(people: QuerySet[Any], fits: Q) -> QuerySet[Any]:
    """Have each person compared who is next in the order of the list: soon a page is full.

    The index would find all of them first. By their names they stand together, where many of the
    first may fit nothing: so this is for the order of the keys alone.
    """
    is_by_age = people.query.order_by[:1] == ("-pk",)
    return people.alias(searched=SEARCHED).filter(_compared(fits) if is_by_age else fits)


def _compared(fits: Q) -> Case:
    """Return the condition so that no index serves it; PostgreSQL expects that half of all pass."""
    return Case(When(fits, then=True), default=False, output_field=BooleanField())


def _looked_up(people: QuerySet[Any], fits: Q) -> QuerySet[Any]:
    """Find them by the index user_search, and sort them.

    Their keys are read first: PostgreSQL would rather read a million people in the list's order
    than sort these.
    """
    keys = _searched().filter(fits).values_list("pk", flat=True)
    few = list(keys[: MOST_SORTED + 1])
    return people.filter(pk__in=few if len(few) <= MOST_SORTED else keys)


def _searched() -> QuerySet[Any]:
    return User.objects.order_by().alias(searched=SEARCHED)
