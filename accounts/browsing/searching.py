"""Finding rows of the admin by words: each column, and each table, by an index of its own.

What Django would do (a join, and an OR across tables) no index can answer: PostgreSQL would read
five million memberships to find those of one person.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from accounts.browsing.rows import MOST_WORDS, own_field

MOST_FOUND = 1_000  # rows of another table whose beginning is searched for


def found[Found: QuerySet[Any, Any]](rows: Found, fields: list[str], term: str) -> Found:
    """Return the rows in which each word of the term is found by one of the lookups.

    A lookup is a column with how it compares (`ip__startswith`), or leads by foreign keys to one of
    another table (`user__email__startswith`): of that the first MOST_FOUND count. More than
    MOST_WORDS find nothing, and the list says so.
    """
    words = term.split()
    if len(words) > MOST_WORDS:
        return rows.none()
    for word in words:
        matches = Q(pk__in=[])
        for field in fields:
            matches |= _match(rows.model, field, word)
        rows = rows.filter(matches)
    return rows


def _match(model: type[Model], lookup: str, word: str) -> Q:
    """Return what holds for rows where the word is found by this lookup."""
    name, _, rest = lookup.partition("__")
    field = own_field(model, name)
    if lookup == "pk__exact":
        return _key(model, word)
    if field is None or field.related_model is None:
        return Q(**{lookup if rest else f"{name}__icontains": _lowered(lookup, word)})
    # Read first: as a subquery beside another PostgreSQL would go through all rows instead.
    others: Any = field.related_model
    matching = others._base_manager.filter(_match(others, rest, word)).order_by()
    return Q(**{f"{name}__in": list(matching.values_list("pk", flat=True)[:MOST_FOUND])})


def _key(model: type[Model], word: str) -> Q:
    """Return what holds for the row with this primary key; for what is none, no condition."""
    try:
        return Q(pk=model._meta.pk.to_python(word))
    except ValidationError:
        return Q()


def _lowered(lookup: str, word: str) -> str:
    """Return the word as addresses and web addresses are stored."""
    return word.lower() if lookup in ("email__startswith", "slug__startswith") else word
