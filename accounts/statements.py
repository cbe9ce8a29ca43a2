"""Statements of every page, whose SQL Django writes once in a process; only their values change.

To write it takes Django longer than PostgreSQL takes to answer. It is written from the models at
the first call, and what comes back are Django's own rows, so it follows whatever they become.
"""

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any, NamedTuple

from django.db import connections
from django.db.models import Field, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler


class Param(Value):
    """Stands in a Statement for the value that each call gives by this name."""

    def __init__(self, name: str, field: "Field[Any, Any]") -> None:
        super().__init__(name, output_field=field)

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> Any:
        return "%s", [self]


class Statement[Row]:
    """Call it with a value for each Param, and get the rows that `write`'s queryset would give.

    What decides about its SQL apart from the Params, a setting or None for a value, is decided at
    the first call.
    """

    def __init__(self, write: Callable[[], QuerySet[Any, Row]]) -> None:
        self.write = write

    def __call__(self, **values: Any) -> list[Row]:
        rows, compiler, sql, params = self._written

        def compiled(using: str, *args: Any, **kwargs: Any) -> SQLCompiler:
            bound: Any = copy(compiler)
            bound.connection = connection = connections[using]
            bound.as_sql = lambda: (sql, [_value(param, values, connection) for param in params])
            return bound

        query: Any = copy(rows.query)
        query.get_compiler = compiled
        return list(rows._iterable_class(QuerySet(rows.model, query)))

    @cached_property
    def _written(self) -> "_Written":
        rows = self.write()
        compiler = rows.query.get_compiler(rows.db)
        sql, params = compiler.as_sql()
        compiler.connection = None  # each thread has its own
        return _Written(rows, compiler, sql, params)


class _Written(NamedTuple):
    rows: Any
    compiler: SQLCompiler
    sql: str
    params: Any


def _value(param: Any, values: dict[str, Any], connection: Any) -> Any:
    if isinstance(param, Param):
        return param.output_field.get_db_prep_value(values[param.value], connection)
    return param
