"""What the plan says of each of Django's operations, on a table with rows."""

import re
from copy import deepcopy

import pytest
from django.contrib.postgres import operations as postgres
from django.contrib.postgres.functions import RandomUUID
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, migrations, models
from django.db.migrations import Migration, RunPython, RunSQL
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django.utils import timezone

from config.database import plan
from config.database.plan import reading, sizes, tables
from config.schema.catalog import Index, Table
from waitlist.models import Entry

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
LAST = "0004_entries_go_whole"
LETTERS = {"D": "destroys", "R": "rewrites", "B": "blocks", "F": "fails"}
ABSTRACT = {Operation, postgres.CollationOperation}

DELETED = "DELETE FROM waitlist_entry RETURNING *"
RETYPE = "ALTER TABLE waitlist_entry ALTER COLUMN"


@pytest.fixture
def planned(monkeypatch):
    """Return a function that plans a migration of these operations, as if no table were small."""
    monkeypatch.setattr(sizes, "SMALL", 0)
    load_disk = MigrationLoader.load_disk

    def planned(*operations, target=(), **attributes):
        attributes = {"dependencies": [("waitlist", LAST)], "operations": operations} | attributes
        made = type("Migration", (Migration,), attributes)

        def load(loader):
            load_disk(loader)
            loader.disk_migrations["waitlist", "0005_new"] = made("0005_new", "waitlist")

        monkeypatch.setattr(MigrationLoader, "load_disk", load)
        return plan.steps(*target)

    return planned


@pytest.fixture
def entry(db):
    return Entry.objects.create(email="anna@example.com")


def call(apps, schema_editor):
    raise AssertionError("a plan runs nothing")


def added(kind, **options):
    return migrations.AddField("entry", "extra", kind(**options))


def altered(name, kind, **options):
    return migrations.AlterField("entry", name, kind(**options))


ID = ("id", models.AutoField(primary_key=True))
INDEX = models.Index(fields=["created"], name="entry_by_day")
CHECK = models.CheckConstraint(condition=Q(created__gt="2020-01-01T00:00Z"), name="entry_recent")
UNIQUE_TOLD = models.UniqueConstraint(
    fields=["token_hash"],
    condition=~Q(token_hash=""),
    name="entry_one_link",
    violation_error_code="a",
)
UNIQUE = models.UniqueConstraint(fields=["created"], name="entry_one")
ENTRY = "entry"
LONGER, SHORTER = (models.CharField(max_length=size, blank=True) for size in (80, 40))

# What is destroyed, rewritten, who is blocked, and what fails: by its first letter.
CASES = [
    # models
    ("", migrations.CreateModel("Place", [ID])),
    ("D", migrations.DeleteModel(ENTRY)),
    ("", migrations.RenameModel(ENTRY, "Candidate")),
    ("", migrations.AlterModelTable(ENTRY, "candidates")),
    ("", migrations.AlterModelTableComment(ENTRY, "Who waits")),
    ("", migrations.AlterModelOptions(ENTRY, {"verbose_name": "candidate"})),
    ("", migrations.AlterModelManagers(ENTRY, [])),
    ("B", migrations.AlterUniqueTogether(ENTRY, {("created", "joined")})),
    ("", migrations.AlterUniqueTogether(ENTRY, set())),
    ("", migrations.AlterIndexTogether(ENTRY, set())),
    ("", migrations.AlterOrderWithRespectTo(ENTRY, None)),
    # fields
    ("", added(models.IntegerField, null=True)),
    ("", added(models.IntegerField, default=5)),
    ("", added(models.CharField, max_length=20, blank=True)),
    ("", added(models.DateTimeField, db_default=Now())),
    ("R B", added(models.UUIDField, db_default=RandomUUID())),
    ("F", added(models.IntegerField)),
    ("B", added(models.PositiveIntegerField, default=1)),
    ("B", added(models.IntegerField, null=True, unique=True)),
    ("B", added(models.IntegerField, null=True, db_index=True)),
    (
        "",
        added(
            models.ForeignKey,
            to="accounts.User",
            on_delete=models.CASCADE,
            null=True,
            db_index=False,
        ),
    ),
    ("", added(models.ManyToManyField, to="accounts.User")),
    (
        "R B",
        added(
            models.GeneratedField,
            expression=Upper("email"),
            output_field=models.TextField(),
            db_persist=True,
        ),
    ),
    ("D", migrations.RemoveField(ENTRY, "invited")),
    ("", migrations.RenameField(ENTRY, "invited", "asked")),
    ("", altered("created", models.DateTimeField)),
    ("", altered("invited", models.DateTimeField, null=True, help_text="when")),
    ("", altered("invited", models.DateTimeField, null=True, db_comment="when")),
    ("B", altered("invited", models.DateTimeField)),
    ("D B", altered("invited", models.DateTimeField, default=timezone.now)),
    ("D B", altered("invited", models.DateTimeField, db_default=Now())),
    ("", altered("created", models.DateTimeField, null=True)),
    ("D R B", altered("invited", models.DateField, null=True)),
    ("B", migrations.AlterField(ENTRY, "token_hash", LONGER)),
    ("R B F", migrations.AlterField(ENTRY, "token_hash", SHORTER)),
    ("B", altered("token_hash", models.TextField, blank=True)),
    ("R B", altered("source", models.TextField)),
    ("B", altered("created", models.DateTimeField, db_index=True)),
    ("B", altered("created", models.DateTimeField, unique=True)),
    # indexes and constraints
    ("B", migrations.AddIndex(ENTRY, INDEX)),
    ("", migrations.RemoveIndex(ENTRY, "entry_joined")),
    ("", migrations.RenameIndex(ENTRY, "entry_joined2", old_name="entry_joined")),
    ("B", migrations.AddConstraint(ENTRY, CHECK)),
    ("B", migrations.AddConstraint(ENTRY, UNIQUE)),
    ("", migrations.RemoveConstraint(ENTRY, "entry_email_lower")),
    ("", migrations.AlterConstraint(ENTRY, "entry_one_link", UNIQUE_TOLD)),
    ("F", postgres.AddIndexConcurrently(ENTRY, INDEX)),
    ("F", postgres.RemoveIndexConcurrently(ENTRY, "entry_joined")),
    ("", postgres.AddConstraintNotValid(ENTRY, CHECK)),
    ("", postgres.ValidateConstraint(ENTRY, "entry_email_lower")),
    ("", postgres.CreateExtension("plpgsql")),
    ("", postgres.CreateCollation("plain", "C")),
    ("", postgres.RemoveCollation("plain", "C")),
    # what is written by hand
    ("D", RunPython(call)),
    ("", RunPython(RunPython.noop)),
    ("", RunPython(call, hints={"destroys": "nothing"})),
    ("D", RunPython(call, hints={"destroys": "the addresses that bounced"})),
    ("", RunSQL(RunSQL.noop)),
    ("D", RunSQL("DELETE FROM waitlist_entry WHERE joined IS NOT NULL")),
    ("", RunSQL("DELETE FROM orgs_team")),  # has no rows
    ("", RunSQL("DELETE FROM waitlist_entry", hints={"destroys": "nothing"})),
    ("D", RunSQL([("UPDATE waitlist_entry SET source = %s", ["{}"])])),
    ("D", RunSQL("TRUNCATE waitlist_entry")),
    ("D", RunSQL("TRUNCATE orgs_team, waitlist_entry")),
    ("", RunSQL("DROP TABLE public.orgs_team")),
    ("D", RunSQL("drop table Waitlist_Entry")),
    ("", RunSQL("DELETE FROM ORGS_TEAM")),
    ("D", RunSQL("DROP TABLE orgs_team, public.waitlist_entry CASCADE")),
    ("D", RunSQL("UPDATE waitlist_entry SET joined = now(), source = '' WHERE joined IS NULL")),
    ("", RunSQL("INSERT INTO waitlist_entry SELECT * FROM waitlist_entry")),
    (
        "D",
        RunSQL("INSERT INTO waitlist_entry SELECT * FROM a ON CONFLICT (id) DO UPDATE SET b = 1"),
    ),
    ("", RunSQL("TRUNCATE orgs_team CASCADE")),  # reaches sessions, of which there are none
    ("D", RunSQL("ALTER TABLE public.waitlist_entry DROP invited, ADD extra integer")),
    ("D", RunSQL("DROP TYPE mood CASCADE")),
    ("D", RunSQL("DO $$ BEGIN DELETE FROM waitlist_entry; END $$")),
    ("D", RunSQL("WITH gone AS (DELETE FROM waitlist_entry RETURNING id) SELECT * FROM gone")),
    ("D", RunSQL(f"CREATE TABLE archive AS WITH gone AS ({DELETED}) SELECT * FROM gone")),
    ("D", RunSQL(f"CREATE TEMP TABLE a AS WITH b AS MATERIALIZED ({DELETED}) TABLE b")),
    ("D", RunSQL("SET LOCAL search_path TO archive; TRUNCATE orgs_team")),
    ("D", RunSQL("-- Everything goes\rDELETE FROM waitlist_entry")),
    ("D", RunSQL("CREATE TABLE a$c$ (); DELETE FROM waitlist_entry; CREATE TABLE b$c$ ()")),
    ("D R B", RunSQL(f"{RETYPE} token_hash TYPE text USING token_hash::varchar(3)")),
    ("D R B", RunSQL(f"{RETYPE} created TYPE timestamptz USING created::date")),
    ("D R B", RunSQL(f"{RETYPE} token_hash TYPE varchar(64) USING token_hash::text || 'x'")),
    ("D", RunPython(call, hints={"destroys": ""})),
    ("D", RunSQL("SELECT forget_everybody()")),
    ("D", RunSQL("ALTER TABLE waitlist_entry INHERIT parent")),
    ("", RunSQL("COMMENT ON TABLE waitlist_entry IS '; DROP TABLE waitlist_entry;'")),
    (
        "",
        RunSQL(
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $f$ DELETE FROM waitlist_entry; $f$"
        ),
    ),
    ("", RunSQL("-- DROP TABLE waitlist_entry;\n/* TRUNCATE waitlist_entry; */")),
    ("R B", RunSQL("ALTER TABLE waitlist_entry SET UNLOGGED")),
    ("D", migrations.SeparateDatabaseAndState([migrations.RemoveField(ENTRY, "invited")])),
    ("", migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(ENTRY)])),
    ("D", migrations.SeparateDatabaseAndState([RunPython(call)])),
]


def named(case):
    """Return a test's name without the places in memory, of which each process has others."""
    return re.sub(r" at 0x\w+", "", str(case))


@pytest.mark.parametrize(("expected", "operation"), CASES, ids=named)
def test_a_step_tells_what_it_destroys_rewrites_and_blocks(expected, operation, planned, entry):
    (step,) = planned(operation)
    told = {letter: getattr(step, name) for letter, name in LETTERS.items()}
    assert " ".join(letter for letter, text in told.items() if text) == expected, told


@pytest.mark.parametrize("operation", [one for told, one in CASES if "D" in told], ids=named)
def test_on_an_empty_database_nothing_is_lost(operation, planned):
    assert [step.destroys for step in planned(operation)] == [""]


def test_every_operation_of_django_is_among_the_cases():
    known = {type(operation) for _, operation in CASES}
    named = [one for module in (migrations, postgres) for one in vars(module).values()]
    operations = {one for one in named if isinstance(one, type) and issubclass(one, Operation)}
    extensions = {one for one in operations if issubclass(one, postgres.CreateExtension)}
    assert operations - extensions - ABSTRACT == known - extensions


def test_a_migration_holds_its_locks_while_its_later_steps_work(planned, entry):
    column, check = planned(
        postgres.AddConstraintNotValid(ENTRY, CHECK),
        postgres.ValidateConstraint(ENTRY, CHECK.name),
    )
    assert (column.blocks, check.rewrites) == ("", "")
    assert check.blocks == "waitlist_entry: reads and writes wait, as an earlier step locked it."
    _, check = planned(
        postgres.AddConstraintNotValid(ENTRY, CHECK),
        postgres.ValidateConstraint(ENTRY, CHECK.name),
        atomic=False,
    )
    assert check.blocks == ""


def test_a_check_that_is_in_force_saves_reading_the_rows(planned, entry):
    named = models.CheckConstraint(condition=Q(invited__isnull=False), name="entry_is_invited")
    not_null = altered("invited", models.DateTimeField)
    *_, step = planned(postgres.AddConstraintNotValid(ENTRY, named), not_null)
    assert "each row is read" in step.blocks
    *_, step = planned(migrations.AddConstraint(ENTRY, named), not_null)
    assert step.blocks == ""


def test_tables_of_the_same_plan_are_no_problem(planned, entry):
    place = [ID, ("entry", models.ForeignKey("waitlist.Entry", models.CASCADE))]
    steps = planned(
        migrations.CreateModel("Place", place),
        migrations.AddField("place", "name", models.CharField(max_length=9, unique=True)),
        migrations.RunSQL("CREATE INDEX ON waitlist_place (name)"),
        migrations.RemoveField("place", "name"),
        migrations.DeleteModel("Place"),
    )
    assert {(step.destroys, step.rewrites, step.blocks) for step in steps} == {("", "", "")}
    assert [[str(lock) for _, lock in step.locks] for step in steps][1:4] == [[], [], []]


def test_what_still_runs_is_thought_of(planned, entry):
    renamed, added_one, with_default = planned(
        migrations.RenameField(ENTRY, "invited", "asked"),
        added(models.IntegerField, default=5),
        migrations.AddField(ENTRY, "other", models.IntegerField(db_default=5)),
    )
    assert renamed.remarks == "The release that still runs asks for the old name."
    assert "fails from now on" in added_one.remarks
    assert "db_default" in added_one.instead
    assert with_default.remarks == ""


def test_the_way_back_of_a_migration_is_planned_with_what_it_declares(planned, entry):
    hints = {"destroys": "nothing", "destroys_backwards": "who was invited"}
    operations = [
        migrations.RenameField(ENTRY, "invited", "asked"),
        migrations.SeparateDatabaseAndState([RunPython(call, call, hints=hints)]),
    ]
    MigrationRecorder(connection).record_applied("waitlist", "0005_new")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE waitlist_entry RENAME invited TO asked")
    undone, renamed = planned(*operations, target=("waitlist", "0004"))
    assert (undone.destroys, undone.operation) == ("who was invited", "Undo: Run call")
    assert renamed.sql == ('ALTER TABLE "waitlist_entry" RENAME COLUMN "asked" TO "invited";',)


def test_there_may_be_no_way_back(planned, entry):
    MigrationRecorder(connection).record_applied("waitlist", "0005_new")
    with pytest.raises(CommandError, match=r"waitlist.0005_new has no way back: Raw Python"):
        planned(RunPython(call), target=("waitlist", "0004"))


def test_an_index_that_was_never_finished_is_in_the_way_unless_migrate_builds_it_anew():
    left = Index("place_name", "", 0, 0, is_valid=False)
    known = {"place": Table("place", "", "", rows=1, size=9, indexes=[left])}
    make = 'CREATE INDEX "place_name" ON "place" ("name")'
    drop = 'DROP INDEX CONCURRENTLY "place_name"'
    _, made = reading.effects([drop, make], tables.Tables(known=deepcopy(known)))
    assert made.fails == ""
    (made,) = reading.effects([make], tables.Tables(known=deepcopy(known)))
    assert "Drop it first: DROP INDEX CONCURRENTLY" in made.fails
    anew = make.replace("INDEX", "INDEX CONCURRENTLY")
    (made,) = reading.effects([anew], tables.Tables(known=known))
    assert made.fails == ""


def test_an_operation_of_somebody_elses_cannot_write(planned, entry):
    written = []

    class Forget(Operation):
        def state_forwards(self, app_label, state):
            pass

        def database_forwards(self, app_label, schema_editor, from_state, to_state):
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM waitlist_entry")
            written.append("and would be rolled back, but with its locks")

    (step,) = planned(Forget())
    assert step.destroys == "what nobody can tell: its SQL is not known"
    assert Entry.objects.exists()
    assert not written


def test_while_somebody_holds_a_table_the_plan_says_so(monkeypatch, planned, entry):
    def held(*_):
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(plan, "Tables", held)
    with pytest.raises(CommandError, match="could not do that: canceling"):
        call_command("db", "plan")


def test_two_last_migrations_are_one_sentence(planned):
    with pytest.raises(CommandError, match="0004_entries_go_whole and 0005_new: put them"):
        planned(RunSQL("SELECT 1"), dependencies=[("waitlist", "0003_sign_up_marks_joined")])


def test_history_that_cannot_be_is_one_sentence(planned, entry, capsys):
    MigrationRecorder(connection).record_unapplied("waitlist", "0001_initial")
    with pytest.raises(CommandError, match=r"have no order: Migration waitlist\.0002"):
        call_command("db", "plan")


def test_all_of_the_sql_is_printed_where_it_is_asked_for(planned, capsys):
    planned(RunSQL("\n".join(["COMMENT ON TABLE waitlist_entry IS 'a", *"bcdefghijk", "l'"])))
    call_command("db", "plan")
    assert "4 lines more: db plan --sql" in capsys.readouterr().out
    call_command("db", "plan", "--sql")
    assert "      l';\n" in capsys.readouterr().out


def test_what_a_migration_fills_has_rows_for_those_after_it(planned, entry):
    copy = "INSERT INTO orgs_team SELECT * FROM archive"
    filled, dropped = planned(RunSQL(copy), RunSQL("DROP TABLE orgs_team"))
    assert filled.destroys == ""
    assert dropped.destroys.startswith("the table orgs_team")


def test_rows_that_a_policy_hides_are_rows(planned, entry):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE waitlist_entry ENABLE ROW LEVEL SECURITY")
        cursor.execute("ALTER TABLE waitlist_entry FORCE ROW LEVEL SECURITY")
    (step,) = planned(migrations.DeleteModel(ENTRY))
    assert step.destroys.startswith("the table waitlist_entry")


WIPING = """
CREATE FUNCTION wipe(integer) RETURNS integer
    LANGUAGE sql AS 'DELETE FROM waitlist_entry RETURNING 1';
CREATE FUNCTION wipe(integer, integer) RETURNS integer LANGUAGE sql AS 'SELECT wipe(1)';
CREATE FUNCTION gen_salt() RETURNS integer LANGUAGE sql AS 'SELECT wipe(1)';
CREATE OPERATOR <#> (FUNCTION = wipe, LEFTARG = integer, RIGHTARG = integer);
"""
COPIED = "INSERT INTO orgs_team SELECT"


@pytest.mark.parametrize(
    "sql",
    [
        f"{COPIED} wipe (1)",
        f"{COPIED} gen_salt()",  # not pgcrypto's
        f"{COPIED} 1 WHERE 2 <#> 3",
        f"{COPIED} * FROM public.WIPE(1)",
        "ALTER TABLE orgs_team ADD COLUMN extra integer DEFAULT 1 + wipe(1)",
        "ALTER TABLE orgs_team ADD CHECK (wipe(2) > 0)",
        "CREATE TEMP TABLE copied AS (SELECT wipe(1))",
        f"CREATE TABLE copied AS WITH gone AS({DELETED}) SELECT * FROM gone",
        f"CREATE TABLE copied AS WITH a AS (WITH b AS (SELECT 1) {DELETED}) SELECT * FROM a",
        f"/* /* */ ' */ ; {DELETED}; --'",
        f"{COPIED} 1, E'a'\n'\\'' ; {DELETED}; --'",
        'ALTER TABLE waitlist_entry ADD COLUMN "(" integer, DROP COLUMN email',
        "CREATE TABLE z (); DROP TABLE z; ALTER TABLE waitlist_entry RENAME TO z; DELETE FROM z",
        'SET "search_path" TO archive',
        "SET standard_conforming_strings = off",
        "CREATE FUNCTION made() RETURNS integer AS ''; INSERT INTO orgs_team SELECT made()",
    ],
)
def test_what_may_do_more_than_it_says_is_not_called_harmless(sql, entry):
    with connection.cursor() as cursor:
        cursor.execute(WIPING)
    assert any(one.loses for one in reading.effects([sql], tables.Tables()))


@pytest.mark.parametrize(
    "sql",
    [
        f"{COPIED} gen_random_uuid(), now(), nextval('counter'), upper(name) FROM orgs_team",
        f"/* a /* b */ {DELETED} */ {COPIED} 1",
        f"CREATE FUNCTION made() RETURNS integer STABLE AS ''; {COPIED} made()",
        "CREATE TABLE made (id integer DEFAULT wipe(1))",
    ],
)
def test_what_does_no_more_than_it_says_is_harmless(sql, entry):
    with connection.cursor() as cursor:
        cursor.execute(WIPING)
    assert not any(one.loses for one in reading.effects([sql], tables.Tables()))


def test_an_extension_takes_its_tables_along(entry, monkeypatch):
    (dropped,) = reading.effects(["DROP EXTENSION plpgsql"], tables.Tables())
    assert dropped.loses == ""
    monkeypatch.setattr(tables.queries, "any_has_tables", lambda names: "plpgsql" in names)
    (dropped,) = reading.effects(["DROP EXTENSION plpgsql"], tables.Tables())
    assert dropped.loses.startswith("the tables of an extension")


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE archive.orgs_team",
        'DELETE FROM "Orgs_Team"',
        "CREATE TABLE IF NOT EXISTS archive.orgs_team (); DROP TABLE archive.orgs_team",
        "DROP TABLE orgs_team$old",
    ],
)
def test_a_table_that_nobody_looked_at_may_have_rows(sql, planned):
    (step,) = planned(RunSQL(sql))
    assert "of unknown size" in step.destroys


def test_a_table_that_a_step_before_has_dropped_is_not_locked(planned):
    def locks(step):
        return [size.table for size, _ in step.locks]

    dropped = planned(
        RunSQL("DROP TABLE orgs_teammembership"), RunSQL("DROP TABLE orgs_team CASCADE")
    )
    assert "orgs_team" in locks(dropped[0])
    assert "orgs_teammembership" not in locks(dropped[1])
