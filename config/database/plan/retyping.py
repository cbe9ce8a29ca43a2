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
TEXTS = {"character varying", "text"}
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
    "text": {"uuid", "jsonb", "inet", "boolean"},
    "character varying": {"uuid", "jsonb", "inet", "boolean"},
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
    grows = _grows(old, new)
    same = old.name == new.name or (old.name, new.name) in alike
    return Retyping(
        rewrites=bool(old.dimensions or new.dimensions) or not (same and grows),
        loses=_loses(old, new, grows=grows, is_cast=is_cast),
        may_fail=not grows or new.name in STRICTER.get(old.name, ()),
    )


def _grows(old: Type, new: Type) -> bool:
    """Whether all that the old sizes allow has room in the new ones."""
    if not new.sizes:
        return True
    if not old.sizes or (old.name != new.name and old.name not in TEXTS):
        return False
    if old.name == "numeric":
        precision, scale = (*old.sizes, 0)[:2]
        new_precision, new_scale = (*new.sizes, 0)[:2]
        # Another scale writes other digits.
        return new_scale == scale and new_precision >= precision
    return new.sizes[0] >= old.sizes[0] and new.name in {*TEXTS, old.name} - {"character"}


def _loses(old: Type, new: Type, *, grows: bool, is_cast: bool) -> bool:
    if old.dimensions != new.dimensions:
        return True
    if new.name in TEXTS:
        return is_cast and not grows
    if old.name == new.name == "numeric":
        return (*new.sizes, 0, 0)[1] < (*old.sizes, 0, 0)[1] if new.sizes else False
    if old.name == new.name:
        return not grows
    return new.name not in WIDER.get(old.name, set()) | STRICTER.get(old.name, set())
