"""How many rows each of several lists has, in fewer statements than to ask for one by one."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from accounts.browsing.counting import MOST_COUNTED, Estimate


def totals(lists: Sequence[QuerySet[Any]]) -> list[int]:
    """Return how many rows each list has, as `counted` does for one. One statement, or two."""
    keys = [rows.order_by().values("pk") for rows in lists]
    some = [rows[: MOST_COUNTED + 1] for rows in keys]
    numbers = list(_ask("(SELECT count(*) FROM ({}) AS counted)", some))
    many = [i for i, number in enumerate(numbers) if number > MOST_COUNTED]
    if many:
        [plan] = _ask("ARRAY({})", [keys[i] for i in many], explain=True)[0]
        for i, part in zip(many, plan["Plan"]["Plans"], strict=True):
            numbers[i] = Estimate(max(numbers[i], part["Plan Rows"]))
    return numbers


def _ask(template: str, lists: Sequence[QuerySet[Any, Any]], *, explain: bool = False) -> Any:
    """Return the one row of a statement that selects each list in such words, or of its plan."""
    written = [rows.query.sql_with_params() for rows in lists]
    parts = ", ".join(template.format(sql) for sql, _ in written)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{'EXPLAIN (FORMAT JSON) ' if explain else ''}SELECT {parts}",
            [value for _, values in written for value in values],
        )
        return cursor.fetchone()
