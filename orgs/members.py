"""Finding people among the members of an organization."""

import re
from typing import Any

from django.contrib.postgres.search import SearchQueryField
from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.db.models.functions import Cast

from orgs.models import Organization

WORD = re.compile(r"[^\W_]+")
KEY_LENGTH = 12  # characters of an organization's id; as in migrations/0007_members_are_found


def search[Members: QuerySet[Any, Any]](
    members: Members, organization: Organization, text: str
) -> Members:
    """Return whose name or address has, for each word of the text, one that begins with it.

    The words of an organization's members stand beside one another in the index: each begins with
    a key that is the organization's own.
    """
    words = WORD.findall(text.lower())
    if not words:
        return members.none()
    key = str(organization.pk)[-KEY_LENGTH:]
    query = Cast(Value(" & ".join(f"'{key}{word}':*" for word in words)), SearchQueryField())
    return members.filter(
        Func(
            F("search"),
            query,
            arg_joiner=" @@ ",
            template="%(expressions)s",
            output_field=BooleanField(),
        )
    )
