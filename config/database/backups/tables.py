"""What a database holds, read in one transaction: the rows of each table, and how all is made."""

from typing import Any, Protocol

from psycopg import sql

# Whatever is the project's own, in any schema: not PostgreSQL's, and not an extension's.
OURS = """
    n.nspname <> 'information_schema' AND left(n.nspname, 3) <> 'pg_' AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS made WHERE made.objid = {}.oid AND made.deptype = 'e'
    )"""
OUR_SCHEMAS, OUR_RELATIONS, OUR_FUNCTIONS, OUR_TYPES = (OURS.format(one) for one in "ncpt")

TABLES = f"""
    SELECT n.nspname, c.relname
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND {OUR_RELATIONS}
    ORDER BY n.nspname, c.relname"""  # noqa: S608

# Everything that pg_dump would write down about an object, as one sum; what is named by PostgreSQL
# itself, such as NOT NULL constraints since version 18, is in the column. Casts between texts and
# parentheses are left away: a constraint that was read back has others than when it was written.
SHAPES = f"""
    SELECT concat_ws(' ', CASE c.relkind
            WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'S' THEN 'sequence' ELSE 'view' END,
            n.nspname || '.' || c.relname), md5(regexp_replace(concat_ws(E'\\n',
        c.relkind, c.relpersistence, pg_catalog.obj_description(c.oid, 'pg_class'),
        CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END,
        (SELECT string_agg(concat_ws(' ', a.attname,
                pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                a.attgenerated, pg_catalog.pg_get_expr(d.adbin, d.adrelid)), E'\\n'
                ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute AS a
            LEFT JOIN pg_catalog.pg_attrdef AS d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        (SELECT string_agg(concat_ws(' ', conname, pg_catalog.pg_get_constraintdef(oid)), E'\\n'
                ORDER BY conname COLLATE "C")
            FROM pg_catalog.pg_constraint WHERE conrelid = c.oid AND contype <> 'n'),
        (SELECT string_agg(definition, E'\\n' ORDER BY definition COLLATE "C")
            FROM (SELECT pg_catalog.pg_get_indexdef(indexrelid)
                FROM pg_catalog.pg_index WHERE indrelid = c.oid) AS i (definition)),
        (SELECT string_agg(concat_ws(' ', pg_catalog.pg_get_triggerdef(oid), tgenabled), E'\\n'
                ORDER BY tgname COLLATE "C")
            FROM pg_catalog.pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)
    ), '::(character varying|text)(\\[\\])?|[() ]', '', 'g'))
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND {OUR_RELATIONS}
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure, md5(pg_catalog.pg_get_functiondef(p.oid))
    FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE p.prokind <> 'a' AND {OUR_FUNCTIONS}
    UNION ALL
    SELECT 'type ' || t.oid::regtype, md5(concat_ws(' ', t.typtype,
        pg_catalog.format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
        (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder)
            FROM pg_catalog.pg_enum WHERE enumtypid = t.oid)))
    FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    WHERE t.typtype IN ('e', 'd') AND {OUR_TYPES}"""  # noqa: S608


class Cursor(Protocol):
    """Django's or psycopg's."""

    def execute(self, query: Any, /) -> Any: ...
    def fetchall(self) -> list[Any]: ...


def names(cursor: Cursor) -> list[str]:
    """Return the tables as 'schema.table', in order."""
    cursor.execute(TABLES)
    return [f"{schema}.{table}" for schema, table in cursor.fetchall()]


def rows(cursor: Cursor) -> dict[str, int]:
    """Return how many rows each table has, exactly: it reads all of them."""
    cursor.execute(TABLES)
    counts = [
        sql.SQL("SELECT {}, count(*) FROM {}").format(
            sql.Literal(f"{schema}.{table}"), sql.Identifier(schema, table)
        )
        for schema, table in cursor.fetchall()
    ]
    if not counts:
        return {}
    cursor.execute(sql.SQL(" UNION ALL ").join(counts))
    return dict(sorted(cursor.fetchall()))


def shapes(cursor: Cursor) -> dict[str, str]:
    """Return a sum of how each table, view, function and so on is made.

    Two of one PostgreSQL's major version are alike if their sums are.
    """
    cursor.execute("SET LOCAL search_path = ''")  # so that every name is written with its schema
    cursor.execute(SHAPES)
    return dict(cursor.fetchall())
