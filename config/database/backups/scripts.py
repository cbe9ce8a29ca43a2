"""What psql reads before and after an export, so that all of it counts or nothing does."""

from psycopg.sql import SQL, Identifier, Literal

from config.database.backups import tables
from config.database.backups.manifest import Manifest

RESTORED = "restored"  # what psql says last, with the number of emails that were held

BEGIN = """
BEGIN;
SET LOCAL lock_timeout = '10s';
"""

# Everything of the project's own goes, also what the export does not know of: a foreign key of a
# later table would be in the way. The schema itself stays, with its grants and default privileges.
MAKE_ROOM = f"""
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT quote_ident(n.nspname) FROM pg_namespace AS n
        WHERE n.nspname <> 'public' AND {tables.OUR_SCHEMAS}
    LOOP
        EXECUTE 'DROP SCHEMA ' || name || ' CASCADE';
    END LOOP;
    FOR name IN SELECT
            CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END
            || format(' IF EXISTS %I.%I', n.nspname, c.relname)
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND {tables.OUR_RELATIONS}
        ORDER BY c.relkind = 'S'  -- most of them go with their table
    LOOP
        EXECUTE 'DROP ' || name || ' CASCADE';
    END LOOP;
    FOR name IN SELECT p.oid::regprocedure
        FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE {tables.OUR_FUNCTIONS}
    LOOP
        EXECUTE 'DROP ROUTINE IF EXISTS ' || name || ' CASCADE';
    END LOOP;
    FOR name IN SELECT t.oid::regtype
        FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
        WHERE t.typtype IN ('e', 'd') AND {tables.OUR_TYPES}
    LOOP
        EXECUTE 'DROP TYPE IF EXISTS ' || name || ' CASCADE';
    END LOOP;
END $$;
"""  # noqa: S608

# Rows alone come into tables with triggers, which would refuse them (events), or write others
# beside them. They are copies of rows that these triggers have seen. Those of foreign keys stay on.
SWITCH = """
DO $$ DECLARE one record; BEGIN
    FOR one IN TABLE silenced LOOP
        EXECUTE format('ALTER TABLE %s {} TRIGGER %I', one.its_table, one.tgname);
    END LOOP;
END $$;
"""
REMEMBER = """
CREATE TEMPORARY TABLE silenced ON COMMIT DROP AS
    SELECT tgrelid::regclass AS its_table, tgname
    FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D';
"""
SILENCE = REMEMBER + SWITCH.format("DISABLE")
SPEAK_AGAIN = SWITCH.format("ENABLE")

# The export has set its own search path; deferred foreign keys are looked at before anything else.
LOADED = """
RESET search_path;
SET CONSTRAINTS ALL IMMEDIATE;
"""

COMPARE = """
DO $$ DECLARE wanted record; found bigint; BEGIN
    FOR wanted IN SELECT * FROM (VALUES {rows}) AS counted (name, quoted, number) LOOP
        EXECUTE 'SELECT count(*) FROM ' || wanted.quoted INTO found;
        IF found <> wanted.number THEN
            RAISE EXCEPTION '% has % rows now, and had % when it was exported',
                wanted.name, found, wanted.number;
        END IF;
    END LOOP;
END $$;
"""

# What was on its way when the export was made may have been delivered since, and must never be from
# a copy elsewhere: nobody gets an email because something was restored.
HOLD_EMAILS = """
\\set held 0
SELECT to_regclass('accounts_mail') IS NOT NULL AS has_emails \\gset
\\if :has_emails
    WITH held AS (
        UPDATE accounts_mail SET next_try = NULL, given_up = now(), last_error = 'Restored'
        WHERE next_try IS NOT NULL RETURNING id
    )
    SELECT count(*) AS held FROM held \\gset
\\endif
"""
COMMIT = f"""
COMMIT;
\\echo {RESTORED} :held
"""


def before(told: Manifest | None, *, over: bool) -> str:
    """Return what comes before the export that this is told of; `over` makes room for it."""
    if told and told.part == "data":
        return BEGIN + SILENCE + _emptied(told.rows)
    return BEGIN + (MAKE_ROOM if over else "")


def after(told: Manifest | None) -> str:
    """Return what comes after it, if it went well."""
    speak_again = SPEAK_AGAIN if told and told.part == "data" else ""
    compared = _compared(told.rows) if told and told.rows else ""
    return LOADED + speak_again + compared + HOLD_EMAILS + COMMIT


def _emptied(rows: dict[str, int]) -> str:
    every = SQL(", ").join(map(_identifier, rows))
    return SQL("TRUNCATE {};\n").format(every).as_string() if rows else ""


def _compared(rows: dict[str, int]) -> str:
    each = SQL(", ").join(
        SQL("({}, {}, {})").format(*map(Literal, (name, _identifier(name).as_string(), number)))
        for name, number in rows.items()
    )
    return SQL(COMPARE).format(rows=each).as_string()


def _identifier(name: str) -> Identifier:
    return Identifier(*name.split(".", 1))
