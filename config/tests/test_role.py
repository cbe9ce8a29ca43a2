"""The role of docs/deploy.md that runs the site and owns nothing: what it can and cannot do."""

import os
import re
import subprocess
import sys

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from config.env import BASE_DIR
from config.tests.processes import printed_by
from config.tests.servers import PASSWORD, Server

pytestmark = pytest.mark.slow

PAGE = (BASE_DIR / "docs/deploy.md").read_text()
[GRANTS] = re.findall(r"^```sql\n(CREATE ROLE .*?)^```$", PAGE, re.M | re.S)
DATABASE = "test_groundwork"  # as pytest calls the database of `groundwork`
WEB = "groundwork_web"
# The site's main flows: their own tests, but for those that empty tables when they are done.
FLOWS = """
accounts/tests/test_signup.py accounts/tests/test_deletion.py orgs/tests/test_joining.py
waitlist/tests/test_erase.py config/tests/test_admin_changes.py
config/tests/test_schema_pages.py::test_staff_read_every_page
config/tests/test_schema_differences.py::test_a_freshly_migrated_database_differs_in_nothing
"""
PYTEST = "-m pytest -q -n 0 --reuse-db -p no:cacheprovider -m"
WHICH = "not browser and not slow and not django_db(transaction=True)"


@pytest.fixture(scope="module")
def server():
    """One where the owner has migrated half of the apps before the grants, the others after."""
    with Server() as server:
        server.ask(f"CREATE DATABASE {DATABASE} OWNER groundwork", user="postgres")
        owner = {"ENVIRONMENT": "test", "DATABASE_URL": server.url(name=DATABASE)}
        printed_by("manage.py", "migrate", "accounts", **owner)
        grants = GRANTS.replace("'…'", f"'{PASSWORD}'")
        grants = grants.replace("DATABASE groundwork ", f"DATABASE {DATABASE} ")
        server.ask(grants, user="postgres", dbname=DATABASE)
        printed_by("manage.py", "migrate", **owner)
        yield server


@pytest.fixture
def web(server):
    """A connection as the role."""
    with server.connect(user=WEB, dbname=DATABASE) as connection:
        yield connection


def test_the_sites_main_flows_work_as_this_role(server):
    done = subprocess.run(
        [sys.executable, *PYTEST.split(), WHICH, *FLOWS.split()],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": server.url(user=WEB)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert "passed" in done.stdout


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE accounts_event DISABLE TRIGGER ALL",
        "ALTER TABLE orgs_ownership DISABLE TRIGGER USER",
        "SET session_replication_role = replica",
        "ALTER TABLE accounts_user ADD COLUMN more text",
        "DROP TABLE accounts_event",
        "DROP TRIGGER events_stay ON accounts_event",
        "TRUNCATE accounts_event",
        "TRUNCATE waitlist_entry",
        "CREATE TABLE mine (id int)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE INDEX ON accounts_user (name)",
        "CREATE ROLE another",
        "CREATE DATABASE another",
        "GRANT groundwork TO groundwork_web",
        "ALTER FUNCTION accounts_event_stays() RENAME TO other",
        "CREATE OR REPLACE FUNCTION accounts_event_stays() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NEW; END'",
        "SET ROLE groundwork",
        "COPY accounts_user TO PROGRAM 'cat'",
    ],
)
def test_it_cannot_change_the_rules(web, statement):
    with pytest.raises(InsufficientPrivilege):
        web.execute(statement)


def test_the_owner_sees_whom_a_migration_waits_for(server, web):
    pid = web.info.backend_pid
    seen = f"SELECT query FROM pg_stat_activity WHERE pid = {pid}"
    web.execute("SELECT 'in the site'")
    assert server.ask(seen, dbname=DATABASE) == "SELECT 'in the site'"


def test_what_the_triggers_keep_it_cannot_change(web):
    web.execute(
        "INSERT INTO accounts_event (id, verb, subject_kind, subject_label, request_id, data) "
        "VALUES (gen_random_uuid(), 'signed_up', '', '', '', '{}')"
    )
    for statement in ("DELETE FROM accounts_event", "UPDATE accounts_event SET verb = 'other'"):
        with pytest.raises(psycopg.errors.CheckViolation):
            web.execute(statement)
