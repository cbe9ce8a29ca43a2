# ruff: noqa: E501 (a rule on one line, so that they read as a table)
"""What each statement does: the table of what this project knows of PostgreSQL.

Sources: ALTER TABLE (sql-altertable.html), CREATE INDEX (sql-createindex.html) and Explicit Locking
(explicit-locking.html) of PostgreSQL's documentation; config/tests/test_plan_claims.py runs the
statements, and compares lock and work with what the server really did.

A form is a regular expression, in which {table}, {other}, {column}, {name} stand for identifiers.
The first form that fits counts. What fits none is unknown: nobody can tell what it does.
"""

import re
from functools import cache
from typing import NamedTuple

from config.database.plan import columns, looks, names
from config.database.plan.effects import Work
from config.database.plan.locks import Lock
from config.database.plan.seen import Look


class Rule(NamedTuple):
    form: str
    lock: Lock = Lock.NONE  # on the table
    work: Work = Work.NONE
    other: Lock = Lock.NONE  # on the table that a foreign key leads to
    loses: str = ""  # what is destroyed, if the table has rows
    instead: str = ""  # the safe way, where something speaks against this one
    remark: str = ""  # what speaks against it, however small the table is
    look: Look = looks.at_nothing_else  # what else there is to know, and what it changes

    def match(self, text: str) -> re.Match[str] | None:
        return _compiled(self.form).match(text)


@cache
def _compiled(form: str) -> re.Pattern[str]:
    for name in ("table", "other", "renamed", "column", "name", "index"):
        written = names.QUALIFIED if name in ("table", "other", "renamed") else names.IDENTIFIER
        form = form.replace(f"{{{name}}}", f"(?P<{name}>{written})")
    return re.compile(form + r"\b" if form[-1].isalpha() else form, re.IGNORECASE)


# The safe ways.
CONCURRENTLY = (
    "AddIndexConcurrently (django.contrib.postgres.operations) in a migration of its own with "
    "atomic = False: it takes longer, and nobody waits."
)
DROP_CONCURRENTLY = "RemoveIndexConcurrently in a migration of its own with atomic = False."
NOT_VALID = (
    "AddConstraintNotValid, which is over at once, and in the next migration ValidateConstraint, "
    "which reads the rows while everybody goes on."
)
KEY_NOT_VALID = (
    "RunSQL('ALTER TABLE … ADD CONSTRAINT … FOREIGN KEY … NOT VALID') with the operation as its "
    "state_operations, and in the next migration RunSQL('ALTER TABLE … VALIDATE CONSTRAINT …')."
)
BY_INDEX = (
    "RunSQL('CREATE UNIQUE INDEX CONCURRENTLY …') in a migration with atomic = False; in the next "
    "one RunSQL('ALTER TABLE … ADD CONSTRAINT … UNIQUE USING INDEX …') with the operation as its "
    "state_operations."
)
CHECKED_FIRST = (
    "First a CheckConstraint that the column IS NOT NULL, by AddConstraintNotValid and then "
    "ValidateConstraint: with it in force, SET NOT NULL reads nothing."
)
TWO_RELEASES = (
    "Two releases: the first stops using it (SeparateDatabaseAndState takes it out of the models), "
    "the second, once no process of the first runs, drops it."
)
EXPAND = (
    "Expand and contract: add a new one, write both, copy the rows in batches, read the new one, "
    "and drop the old one in a later release."
)
IN_BATCHES = (
    "In batches of some thousand rows, each in a transaction of its own: RunPython in a migration "
    "with atomic = False."
)
OLD_NAME = "The release that still runs asks for the old name."
QUIET_HOUR = "In an hour in which nobody needs the table."

AE, SRE, SUE = Lock.ACCESS_EXCLUSIVE, Lock.SHARE_ROW_EXCLUSIVE, Lock.SHARE_UPDATE_EXCLUSIVE
READ, INDEX, REWRITE = Work.READ, Work.INDEX, Work.REWRITE

CONSTRAINT = "ADD(?: CONSTRAINT {name})?"
ALTER_COLUMN = "ALTER(?: COLUMN)? {column}"

# fmt: off
ACTIONS = (  # of ALTER TABLE, each by itself
    Rule(CONSTRAINT + r" FOREIGN KEY .*REFERENCES {other}.* NOT VALID", SRE, other=SRE),
    Rule(CONSTRAINT + r" FOREIGN KEY .*REFERENCES {other}", SRE, READ, SRE, instead=KEY_NOT_VALID, look=looks.add_constraint),
    Rule(CONSTRAINT + r" CHECK .*NOT VALID", AE, look=looks.add_constraint),
    Rule(CONSTRAINT + r" CHECK", AE, READ, instead=NOT_VALID, look=looks.add_constraint),
    Rule(CONSTRAINT + r" UNIQUE USING INDEX", AE),
    Rule(CONSTRAINT + r" PRIMARY KEY USING INDEX {index}", AE, READ, instead=CHECKED_FIRST, look=looks.add_key_by_index),
    Rule(CONSTRAINT + r" (?:UNIQUE|PRIMARY KEY)", AE, INDEX, instead=BY_INDEX),
    Rule(CONSTRAINT + r" EXCLUDE", AE, INDEX, instead=QUIET_HOUR),
    Rule(CONSTRAINT + r" NOT NULL {column} NOT VALID", AE),
    Rule(CONSTRAINT + r" NOT NULL {column}", AE, READ, instead=CHECKED_FIRST, look=columns.set_not_null),
    Rule("VALIDATE CONSTRAINT {name}", SUE, READ, look=looks.validate),
    Rule("DROP CONSTRAINT(?: IF EXISTS)? {name}", AE, other=AE, look=looks.drop_constraint),
    Rule("ALTER CONSTRAINT", AE),
    Rule("RENAME CONSTRAINT", AE),
    Rule("ADD(?: COLUMN)?(?: IF NOT EXISTS)? {column} ", AE, look=columns.add),
    Rule("DROP(?: COLUMN)?(?: IF EXISTS)? {column}", AE, other=AE, loses="the column {column} of {table}", instead=TWO_RELEASES, look=columns.drop),
    Rule("RENAME TO {renamed}", AE, instead=EXPAND, remark=OLD_NAME, look=looks.rename_table),
    Rule("RENAME(?: COLUMN)? {column} TO {name}", AE, instead=EXPAND, remark=OLD_NAME, look=columns.rename),
    Rule(ALTER_COLUMN + r"(?: SET DATA)? TYPE", AE, REWRITE, instead=EXPAND, look=columns.retype),
    Rule(ALTER_COLUMN + r" SET DEFAULT", AE),
    Rule(ALTER_COLUMN + r" DROP DEFAULT", AE, look=columns.drop_default),
    Rule(ALTER_COLUMN + r" SET NOT NULL", AE, READ, instead=CHECKED_FIRST, look=columns.set_not_null),
    Rule(ALTER_COLUMN + r" DROP NOT NULL", AE),
    Rule(ALTER_COLUMN + r" DROP (?:IDENTITY|EXPRESSION)", AE),
    Rule(ALTER_COLUMN + r" (?:ADD GENERATED|SET GENERATED|RESTART)", AE),
    Rule(ALTER_COLUMN + r" SET STATISTICS", SUE),
    Rule(ALTER_COLUMN + r" SET (?:STORAGE|COMPRESSION)", AE),
    Rule(r"SET TABLESPACE", AE, REWRITE, instead=QUIET_HOUR),
    Rule(r"SET UNLOGGED", AE, REWRITE, instead=QUIET_HOUR, remark="A crash of the server empties it from now on."),
    Rule(r"SET LOGGED", AE, REWRITE, instead=QUIET_HOUR),
    Rule(r"SET SCHEMA", AE),
    Rule(r"(?:SET|RESET) \(", SUE),
    Rule(r"(?:ENABLE|DISABLE)(?: REPLICA| ALWAYS)? TRIGGER", SRE),
    Rule(r"(?:ENABLE|DISABLE|FORCE|NO FORCE) ROW LEVEL SECURITY", AE),
    Rule(r"REPLICA IDENTITY", AE),
    Rule(r"CLUSTER ON", SUE),
    Rule(r"OWNER TO", AE),
)

STATEMENTS = (
    Rule(r".*\bAS ?(?:NOT )?(?:MATERIALIZED ?)?\( ?(?:DELETE|UPDATE|INSERT|MERGE|WITH)\b", loses="what its WITH takes away or overwrites", look=looks.any_table),
    Rule("CREATE(?: UNLOGGED)? TABLE(?: IF NOT EXISTS)? {table}", look=looks.create_table),
    Rule("DROP TABLE(?: IF EXISTS)? {table}", AE, instead=TWO_RELEASES, look=looks.drop_table),
    Rule("TRUNCATE(?: TABLE)?(?: ONLY)? {table}", AE, look=looks.truncate),

    Rule("CREATE(?: UNIQUE)? INDEX CONCURRENTLY(?: IF NOT EXISTS)? {name} ON(?: ONLY)? {table}", SUE, INDEX, look=looks.create_index),
    Rule("CREATE(?: UNIQUE)? INDEX(?: IF NOT EXISTS)?(?: {name})? ON(?: ONLY)? {table}", Lock.SHARE, INDEX, instead=CONCURRENTLY, look=looks.create_index),
    Rule("DROP INDEX CONCURRENTLY(?: IF EXISTS)? {name}", SUE, look=looks.drop_index),
    Rule("DROP INDEX(?: IF EXISTS)? {name}", AE, instead=DROP_CONCURRENTLY, look=looks.drop_index),
    Rule("ALTER INDEX(?: IF EXISTS)? {name} RENAME TO", look=looks.of_index),
    Rule("REINDEX(?: TABLE|INDEX) CONCURRENTLY {table}", SUE, INDEX),
    Rule("REINDEX TABLE {table}", Lock.SHARE, INDEX, instead="REINDEX TABLE CONCURRENTLY."),

    Rule("CREATE(?: OR REPLACE)?(?: CONSTRAINT)? TRIGGER {name} .*? ON {table}", SRE),
    Rule("DROP TRIGGER(?: IF EXISTS)? {name} ON {table}", AE),
    Rule("(?:CREATE|ALTER|DROP) POLICY(?: IF EXISTS)? {name} ON {table}", AE),
    Rule("COMMENT ON TABLE {table}", SUE),
    Rule("COMMENT ON COLUMN {table}\\.{column}", SUE),
    Rule("COMMENT ON"),
    Rule("LOCK(?: TABLE)? {table} IN SHARE UPDATE EXCLUSIVE MODE", SUE),
    Rule("LOCK(?: TABLE)?(?: ONLY)? {table}", AE),

    Rule("INSERT INTO {table} .*ON CONFLICT .*DO UPDATE", Lock.ROW_EXCLUSIVE, loses="what it overwrites in {table}", look=looks.fill),
    Rule("INSERT INTO {table}", Lock.ROW_EXCLUSIVE, look=looks.fill),
    Rule("UPDATE(?: ONLY)? {table} SET {column} = [^,]* WHERE (?P=column) IS NULL$", Lock.ROW_EXCLUSIVE, READ, loses="which rows of {table} had no {column}", instead=IN_BATCHES),
    Rule("UPDATE(?: ONLY)? {table}", Lock.ROW_EXCLUSIVE, READ, loses="what it overwrites in {table}", instead=IN_BATCHES),
    Rule("DELETE FROM(?: ONLY)? {table}", Lock.ROW_EXCLUSIVE, READ, loses="rows of {table}", instead=IN_BATCHES),
    Rule("VACUUM FULL(?: {table})", AE, REWRITE, instead="VACUUM without FULL."),
    Rule("CLUSTER {table}", AE, REWRITE, instead=QUIET_HOUR),
    Rule("(?:VACUUM|ANALYZE)(?: {table})?", SUE),
    Rule("REFRESH MATERIALIZED VIEW CONCURRENTLY {table}", Lock.EXCLUSIVE, READ),
    Rule("REFRESH MATERIALIZED VIEW {table}", AE, REWRITE, instead="REFRESH … CONCURRENTLY."),
    Rule("DROP SEQUENCE(?: IF EXISTS)? {table}", AE, look=looks.drop_sequence),

    # What holds no rows. A CASCADE may reach columns and tables that do.
    Rule(r"DROP \w+.* CASCADE$", loses="whatever hangs on it, which CASCADE drops too", look=looks.any_table),
    Rule(r"CREATE(?: OR REPLACE)? (?:FUNCTION|PROCEDURE) {table}", look=looks.create_function),
    Rule(r"(?:ALTER|DROP) (?:FUNCTION|PROCEDURE|ROUTINE|AGGREGATE|OPERATOR|CAST)"),
    Rule(r"CREATE (?:OR REPLACE )?(?:AGGREGATE|OPERATOR|CAST|TYPE|DOMAIN|SEQUENCE|VIEW|SCHEMA|EXTENSION|COLLATION|STATISTICS)"),
    Rule(r"CREATE TEMP(?:ORARY)? "),
    Rule(r"DROP EXTENSION(?: IF EXISTS)? {table}", loses="the tables of an extension", look=looks.drop_extension),
    Rule(r"DROP (?:TYPE|DOMAIN|VIEW|MATERIALIZED VIEW|SCHEMA|COLLATION|STATISTICS)"),
    Rule(r"ALTER TYPE {name} (?:ADD VALUE|RENAME)"),
    Rule(r"ALTER SEQUENCE(?: IF EXISTS)? {name} (?:AS|OWNED BY|OWNER TO|RENAME TO)"),
    Rule(r"ALTER (?:VIEW|SCHEMA|EXTENSION|COLLATION|DEFAULT PRIVILEGES)"),
    Rule(r"(?:GRANT|REVOKE) "),
    Rule(r'SET (?!(?:LOCAL |SESSION )?"?(?:SEARCH_PATH|SCHEMA|STANDARD_CONFORMING_STRINGS)\b)'),  # words mean something else then
    Rule(r"(?:BEGIN|COMMIT)$"),
)
# fmt: on
