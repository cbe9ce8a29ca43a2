"""SQL that puts back what differs, to be read and run by a person. None of it loses a row."""

from django.db import connection

from config.schema.catalog import Constraint, Index, Piece


def make(of_table: str, piece: Piece) -> str:
    if not piece.definition:  # nobody knows it
        return ""
    if isinstance(piece, Constraint):
        return f"{table(of_table, 'ADD CONSTRAINT {}', piece.name)[:-1]} {piece.definition};"
    if isinstance(piece, Index):  # which blocks no write, but must stand outside a transaction
        return f"{piece.definition.replace(' INDEX ', ' INDEX CONCURRENTLY ', 1)};"
    return f"{piece.definition};"


def drop(of_table: str, piece: Piece) -> str:
    if isinstance(piece, Constraint):
        return table(of_table, "DROP CONSTRAINT {}", piece.name)
    if isinstance(piece, Index):
        return sql("DROP INDEX CONCURRENTLY {}", piece.name)
    return sql("DROP TRIGGER {} ON {}", piece.name, of_table)


def replace(of_table: str, piece: Piece) -> str:
    return f"{drop(of_table, piece)} {make(of_table, piece)}"


def rename(of_table: str, piece: Piece, name: str) -> str:
    if isinstance(piece, Index):
        return sql("ALTER INDEX {} RENAME TO {}", piece.name, name)
    return table(of_table, "RENAME CONSTRAINT {} TO {}", piece.name, name)


def alter(of_table: str, column: str, change: str) -> str:
    """Return '' for no change: then there is none that would do."""
    return f"{table(of_table, 'ALTER {}', column)[:-1]} {change};" if change else ""


def comment(of_table: str, column: str, text: str) -> str:
    written = "'{}'".format(text.replace("'", "''")) if text else "NULL"
    names = [of_table, column] if column else [of_table]
    target = sql(f"COMMENT ON {'COLUMN {}.{}' if column else 'TABLE {}'}", *names)
    return f"{target[:-1]} IS {written};"


def table(name: str, change: str, *names: str) -> str:
    return sql(f"ALTER TABLE {{}} {change}", name, *names)


def sql(statement: str, *names: str) -> str:
    """Return the statement with these names in it, each in quotes."""
    return f"{statement.format(*map(connection.ops.quote_name, names))};"
