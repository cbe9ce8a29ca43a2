"""What PostgreSQL says of its tables: the shape in which the rest of config.schema reads it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key; both of its tables know it: as their own, or as one that points here."""

    name: str
    table: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]
    on_delete: str  # CASCADE, RESTRICT, SET NULL, NO ACTION


@dataclass(frozen=True)
class Column:
    name: str
    type: str  # as PostgreSQL writes it: character varying(254)
    null: bool
    default: str  # an SQL expression, or nothing
    is_primary_key: bool
    is_unique: bool  # alone


@dataclass(frozen=True)
class Constraint:
    name: str
    kind: str  # primary key, unique, check, foreign key, exclusion
    definition: str


@dataclass(frozen=True)
class Index:
    name: str
    definition: str
    size: int  # bytes
    scans: int  # how often it was used, since the statistics were last reset


@dataclass
class Table:
    name: str
    app: str  # the label of the app whose model it is; empty for a table of nobody's
    model: str  # 'Entry'; empty without one
    rows: int  # PostgreSQL's estimate
    size: int  # bytes, with indexes and TOAST
    columns: list[Column] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    pointing_here: list[ForeignKey] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)
