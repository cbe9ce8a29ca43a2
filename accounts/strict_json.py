"""JSON objects that every other parser would read the same way, as the API and forms take them."""

import json
import math
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 32  # objects and lists within one another
MAX_DIGITS = 1_000  # of one number


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`.

    Python's parser alone also takes NaN, duplicate names, UTF-16, halves of surrogate pairs, and
    makes infinity of 1e999. Raises ValueError for these, for what is nested too deep or a number
    too long, and for NUL, which PostgreSQL cannot keep.
    """
    try:
        data = json.loads(
            body.decode(),
            parse_constant=_refuse,
            parse_float=_finite,
            parse_int=_int,
            object_pairs_hook=_without_duplicates,
        )
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(data, dict):
        raise ValueError("not an object")
    for text in texts(data):
        text.encode()  # raises for half a surrogate pair
        if "\0" in text:
            raise ValueError("\\u0000 cannot be kept")
    return data


def texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield every text in the value, names of objects too; raises ValueError beyond MAX_DEPTH."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        if depth == MAX_DEPTH:
            raise ValueError("nested too deep")
        if isinstance(value, dict):
            yield from value
            value = value.values()
        for one in value:
            yield from texts(one, depth + 1)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _finite(number: str) -> float:
    if math.isinf(float(_short(number))):
        raise ValueError(f"{number} is too large")
    return float(number)


def _int(number: str) -> int:
    return int(_short(number))


def _short(number: str) -> str:
    """Return the number as it is written; Python itself bounds integers alone."""
    if len(number) > MAX_DIGITS:
        raise ValueError("a number is too long")
    return number


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)
