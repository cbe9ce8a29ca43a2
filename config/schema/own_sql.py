"""The SQL that migrations say themselves, as far as it can be read without running them."""

import ast
import inspect
import re
import sys
from collections.abc import Collection, Iterator
from textwrap import dedent
from typing import Any

from django.db.migrations import (
    DeleteModel,
    RemoveField,
    RunPython,
    RunSQL,
    SeparateDatabaseAndState,
)

from config.database.ours import is_installed

# A name, or SQL that makes something.
NAMES = re.compile(r"\w+|.*\b(CREATE|ALTER|ADD)\b.*", re.IGNORECASE | re.DOTALL)


def sql(run: list[Any]) -> list[str]:
    """Return the SQL of these migrations, in their order."""
    return [text for one in run for text in _statements(one.operations)]


def python(run: list[Any]) -> str:
    """Return the texts with names in those that make things in ways of their own."""
    return "\n".join(
        text
        for one in run
        if any(_is_of_its_own(operation) for operation in _inner(one.operations))
        for text in _texts(ast.parse(inspect.getsource(sys.modules[one.__module__])))
        if NAMES.fullmatch(text)
    )


def left(run: list[Any]) -> set[tuple[str, ...]]:
    """Return what these took out of the models alone: the database has it until it is dropped.

    App and model of each table; app, model and field of each column.
    """
    return {
        (one.app_label, *_names(operation))
        for one in run
        for both in one.operations
        if isinstance(both, SeparateDatabaseAndState)
        for operation in both.state_operations
        if isinstance(operation, RemoveField | DeleteModel)
    }


def _names(operation: RemoveField | DeleteModel) -> tuple[str, ...]:
    if isinstance(operation, RemoveField):
        return operation.model_name_lower, operation.name
    return (operation.name_lower,)


def _inner(operations: Any) -> Iterator[Any]:
    """Yield the operations that do something to the database."""
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from _inner(operation.database_operations)
        else:
            yield operation


def _statements(operations: Any) -> Iterator[str]:
    for operation in _inner(operations):
        if isinstance(operation, RunPython):
            yield from _said(operation.code)
        elif isinstance(operation, RunSQL) and isinstance(operation.sql, str):
            yield operation.sql
        elif isinstance(operation, RunSQL):
            yield from (part if isinstance(part, str) else part[0] for part in operation.sql)


def _said(function: Any) -> Iterator[str]:
    """Yield the whole texts in a function, also those that it names; SQL is among them, if any.

    A library's functions may make something on other databases alone, and so say nothing here.
    """
    try:
        tree = ast.parse(dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):  # a lambda in the middle of a line, a partial
        return
    if is_installed(inspect.getfile(function)):
        return
    pieces = [one.values for one in ast.walk(tree) if isinstance(one, ast.JoinedStr)]
    yield from _texts(tree, {id(piece) for values in pieces for piece in values})
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(
            text := function.__globals__.get(node.id), str
        ):
            yield text


def _texts(tree: ast.AST, without: Collection[int] = ()) -> Iterator[str]:
    """Yield the texts in a tree but for docstrings and what is left out, by its id."""
    nodes = list(ast.walk(tree))
    left = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}.union(without)
    for node in nodes:
        match node:
            case ast.Constant(value=str(text)) if id(node) not in left:
                yield text


def _is_of_its_own(operation: Any) -> bool:
    module = type(operation).__module__
    return isinstance(operation, RunPython) or not module.startswith("django.")
