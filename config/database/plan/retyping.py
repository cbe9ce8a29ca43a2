"""What ALTER COLUMN … TYPE does to the values: writes them anew, loses something, or fails.

Sources: ALTER TABLE, 'Notes' (sql-altertable.html): no rewrite if the old type is binary coercible
to the new one; nor for varchar, numeric and timestamp of a greater length, which are stored alike.
An assignment cast refuses what does not fit, an explicit one (USING column::type) cuts it off:
Character Types (datatype-character.html).
"""

import re
from typing import NamedTuple

WRITTEN = re.compile(r"([a-z_ ]+?) ?(?:\(([\d, ]+)\))?( with(?:out)? time zone)?((?:\[\d*\])*)")
OTHER_NAMES = {
    "varchar": "character varying",
    "char": "character",
    "bpchar": "character",
    "varbit": "bit varying",
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "bool": "boolean",
    "decimal": "numeric",
    "float4": "real",
    "float8": "double precision",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
}
NO_SIZE = {"character": (1,), "bit": (1,), "timestamp": (6,), "time": (6,), "interval": (6,)}
LETTERS = {"character varying", "text", "character", "bit varying", "bit"}
PADDED = {"character", "bit"}  # to their length, so that each value is another
# From a type to those that hold each of its values.
WIDER = {
    "smallint": {"integer", "bigint", "numeric", "double precision", "real"},
    "integer": {"bigint", "numeric", "double precision"},
    "bigint": {"numeric"},
    "real": {"double precision"},
    "date": {"timestamp without time zone", "timestamp with time zone"},
    "json": {"text", "character varying"},
    "timestamp without time zone": {"timestamp with time zone"},
    "timestamp with time zone": {"timestamp without time zone"},
    "cidr": {"inet"},
}
# From a type to those that refuse what they cannot hold, rather than to cut it off.
STRICTER = {
    "integer": {"smallint"},
    "bigint": {"integer", "smallint"},
    "text": {"uuid"},
    "character varying": {"uuid"},
}


class Type(NamedTuple):
    name: str
    sizes: tuple[int, ...]  # length; precision and scale
    dimensions: str  # '[]' of an array


class Retyping(NamedTuple):
    rewrites: bool
    loses: bool
    may_fail: bool


def read(text: str) -> Type:
    """Return a type as PostgreSQL or a migration writes it, under PostgreSQL's own name."""
    found = WRITTEN.fullmatch(text.strip().lower())
    if not found:
        return Type(text, (), "")
    name, sizes, zone, dimensions = found.groups()
    name = OTHER_NAMES.get(name, name) + (zone or "")
    if name in ("timestamp", "time"):
        name += " without time zone"
    numbers = tuple(int(size) for size in (sizes or "").split(",") if size)
    return Type(name, numbers, dimensions)


def compare(old: Type, new: Type, *, is_cast: bool, alike: set[tuple[str, str]]) -> Retyping:
    """Return what becomes of the values.

    `is_cast`: there is a USING, whose cast is an explicit one. `alike` are the pairs of types that
    are stored in the same way (pg_cast).
    """
    if old == new:
        return Retyping(rewrites=False, loses=False, may_fail=False)
    fits = _fits(old, new)
    return Retyping(
        rewrites=not (fits and _is_stored_alike(old, new, alike)),
        loses=_loses(old, new, fits=fits, is_cast=is_cast),
        may_fail=not fits or new.name in STRICTER.get(old.name, ()),
    )


def _fits(old: Type, new: Type) -> bool:
    """Whether the sizes of the new type have room for all that those of the old one allow."""
    if not _sizes(new) or not (new.sizes or old.name == new.name or new.name in PADDED):
        return True
    if not _sizes(old):
        return False
    if old.name == new.name == "numeric":
        before, after = _digits(old), _digits(new)
        return after[0] >= before[0] and after[1] >= before[1]
    return _sizes(new)[0] >= _sizes(old)[0]


def _is_stored_alike(old: Type, new: Type, alike: set[tuple[str, str]]) -> bool:
    if old.dimensions or new.dimensions or new.name in PADDED:
        return False
    if old.name == new.name == "numeric" and new.sizes:
        return _digits(old)[1] == _digits(new)[1]  # another scale writes other digits
    return old.name == new.name or (old.name, new.name) in alike


def _loses(old: Type, new: Type, *, fits: bool, is_cast: bool) -> bool:
    if old.dimensions != new.dimensions:
        return True
    if new.name in LETTERS:
        return is_cast and not fits
    if old.name == new.name == "numeric":
        return bool(new.sizes) and (not old.sizes or _digits(new)[1] < _digits(old)[1])
    if old.name == new.name:
        return not fits
    return new.name not in WIDER.get(old.name, set()) | STRICTER.get(old.name, set())


def _sizes(one: Type) -> tuple[int, ...]:
    return one.sizes or NO_SIZE.get(one.name.split(" with")[0], ())


def _digits(one: Type) -> tuple[int, int]:
    """Return how many a numeric has before and after its point."""
    precision, scale = (*one.sizes, 0)[:2]
    return precision - scale, scale
