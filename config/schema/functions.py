"""Where the functions of the database are not as migrations made them."""

from collections.abc import Iterator

from config.schema import remedies
from config.schema.by_hand import ByHand
from config.schema.catalog import Function
from config.schema.comparison import Difference

Functions = dict[str, list[Function]]


def compare(found: Functions, wanted: Functions, by_hand: ByHand) -> Iterator[Difference]:
    """Yield where those `found` are not as the migrations wrote them; `wanted` may lack some."""
    for name, ones in found.items():
        if name not in by_hand.words:
            drop = remedies.sql("DROP FUNCTION {}", name)
            yield Difference(name, "", "no migration knows this function", "function", drop)
        elif says := _differs(ones, wanted.get(name, []), by_hand):
            yield Difference(name, "", says, "function")


def _differs(found: list[Function], wanted: list[Function], by_hand: ByHand) -> str:
    """Return what is not the same of the functions of one name."""
    name = found[0].name
    body = by_hand.body(name)
    if body is not None and body not in {one.body for one in found}:
        return "the body of this function is not what the migrations wrote"
    here, there = ([one.definition for one in ones] for ones in (found, wanted))
    if not {*there} <= {*here}:
        return f"the database says {' and '.join(here)}, the migration {' and '.join(there)}"
    if name in by_hand.with_settings and not any(one.has_settings for one in found):
        return "a migration gave this function settings (SET …), and it has none"
    return ""
