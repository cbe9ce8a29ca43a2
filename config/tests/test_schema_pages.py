"""/admin/schema/: every table and what is around it, for staff, whatever state it is in."""

import re

import pytest
from django.db import ProgrammingError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from config.schema import catalog, expected, history

OVERVIEW = "/admin/schema/"
MIGRATIONS = "/admin/migrations/"
FIND_BY_KEY = """
    BEGIN;
    SET LOCAL enable_seqscan = off;
    SELECT FROM waitlist_entry WHERE id = '018f0000-0000-7000-8000-000000000000';
    COMMIT"""


def page_of(table):
    return reverse("admin:schema_table", args=[table])


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def words(page):
    """Return what the page says, without its tags."""
    text = re.sub(r"</?(a|code|strong)\b[^>]*>", "", page.text)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def drawing(page):
    """Return the SVG that the page draws."""
    return re.search(r'<svg class="diagram-drawing".*?</svg>', page.text, re.DOTALL)[0]


@pytest.fixture
def reader(client, db):
    """A browser of somebody who may read everything in the admin and change nothing."""
    client.force_login(User.objects.create_user("stella@example.com", role="staff"))
    return client


def test_staff_read_every_page(reader):
    for path in (OVERVIEW, MIGRATIONS, page_of("orgs_membership")):
        assert reader.get(path).status_code == 200


@pytest.mark.parametrize("path", [OVERVIEW, MIGRATIONS, "/admin/schema/orgs_membership/"])
def test_nobody_else_reads_them_and_nobody_posts_to_them(client, alice, olivia, path):
    assert client.get(path).status_code == 302
    client.force_login(alice)
    assert client.get(path).headers["Location"].startswith("/admin/login/")
    client.force_login(olivia)
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 405


def test_every_table_is_listed_by_app_and_has_a_page(reader):
    page = reader.get(OVERVIEW)
    for name in catalog.read():
        assert f'href="{page_of(name)}"' in page.text
    groups = [group.name for group in page.context["groups"]]
    assert groups[-1] == "Without a model"
    assert {"Accounts", "Organizations", "Waitlist"} <= {*groups}
    assert "Nothing differs from the models." in page.text


@pytest.mark.slow
def test_every_table_has_a_page(reader):
    assert {reader.get(page_of(name)).status_code for name in catalog.read()} == {200}


def test_a_table_that_is_not_there_is_not_found(reader):
    assert reader.get(page_of("nothing")).status_code == 404
    assert reader.get(page_of("pg_class")).status_code == 404
    assert reader.get(page_of("it\0s")).status_code == 404


@pytest.mark.parametrize("name", ['Odd "Name', "a/b", "a%2Fb", "<b>?#", "a\nb"])
def test_a_table_with_an_odd_name_has_a_page(reader, name):
    quoted = '"{}"'.format(name.replace('"', '""'))
    run(f"CREATE TABLE {quoted} (id integer PRIMARY KEY)")
    run(f"CREATE TABLE pointer (at integer REFERENCES {quoted})")
    for path in (OVERVIEW, page_of("pointer")):
        page = reader.get(path)
        assert f'href="{page_of(name)}"' in page.text
        assert "<b>?#" not in page.text
    assert reader.get(page_of(name)).context["title"] == name


def test_a_table_says_everything_of_itself_and_leads_to_both_ends_of_its_keys(reader):
    page = reader.get(page_of("orgs_membership"))
    for said in (
        "character varying(20)",
        "ownership_is_an_owners_membership",
        "by a migration",
        "membership_by_name",
        "membership_is_described",
        "CHECK (role::text",
    ):
        assert said in words(page), said
    for name in ("orgs_organization", "orgs_ownership", "accounts_session", "accounts_user"):
        assert f'href="{page_of(name)}"' in page.text
    assert 'href="/admin/orgs/membership/"' in page.text


@pytest.mark.django_db(transaction=True)  # uses are counted once a transaction has ended
def test_an_index_tells_how_often_it_was_used(reader):
    def uses():
        page = words(reader.get(page_of("waitlist_entry")))
        return int(re.search(r"waitlist_entry_pkey (\d+) ", page)[1])

    before = uses()
    for _ in range(3):
        run(FIND_BY_KEY)
    run("SELECT pg_stat_force_next_flush()")
    assert uses() == before + 3


def test_a_table_shows_its_neighbors_and_the_overview_all(reader):
    drawn = {path: drawing(reader.get(path)) for path in (OVERVIEW, page_of("orgs_team"))}
    assert f'href="{page_of("orgs_membership")}"' in drawn[OVERVIEW]
    assert f'href="{page_of("account_emailaddress")}"' in drawn[OVERVIEW]
    assert f'href="{page_of("orgs_organization")}"' in drawn[page_of("orgs_team")]
    assert f'href="{page_of("account_emailaddress")}"' not in drawn[page_of("orgs_team")]


def test_each_list_of_the_admin_leads_to_its_table_and_each_page_to_the_schema(reader):
    page = reader.get("/admin/waitlist/entry/")
    assert f'href="{page_of("waitlist_entry")}"' in page.text
    assert f'href="{OVERVIEW}"' in page.text


def test_comments_and_the_help_of_forms_explain_columns(reader):
    run("COMMENT ON COLUMN waitlist_entry.email IS 'Where we write to'")
    assert "Where we write to" in reader.get(page_of("waitlist_entry")).text
    assert "The tries that count, in order." in reader.get(page_of("accounts_attempt")).text


def test_no_row_of_a_table_is_shown(reader, alice):
    page = reader.get(page_of("accounts_user")).text
    assert not [value for value in (alice.email, alice.name, str(alice.pk)) if value in page]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("TEAMMEMBER", ["orgs_teammembership"]),
        ("transfer", ["orgs_transfer"]),
        ("sort_name", ["orgs_membership"]),
        ("no such name", []),
        ("' OR 1=1 --", []),
    ],
)
def test_a_search_finds_tables_by_their_names_and_those_of_models_and_columns(
    reader, search, found
):
    page = reader.get(OVERVIEW, {"q": f" {search} "})
    groups = page.context["groups"]
    assert [line.table.name for group in groups for line in group.lines] == found
    assert ("has “" in page.text) is not found
    if search == "sort_name":
        assert [line.columns for group in groups for line in group.lines] == [["sort_name"]]


def test_what_differs_is_marked_in_words_on_every_page(reader):
    run("ALTER TABLE auth_group ALTER name TYPE varchar(100)")
    run("DROP INDEX membership_list")
    says = "the database says character varying(100), the model character varying(150)"
    overview = words(reader.get(OVERVIEW))
    assert f"auth_group.name: {says}" in overview
    assert "1 difference" in overview
    assert f"name differs: {says}" in words(reader.get(page_of("auth_group")))
    assert "the model has this index" in words(reader.get(page_of("orgs_membership")))
    assert "Nothing differs from the models." in words(reader.get(page_of("orgs_team")))


def test_a_database_in_the_middle_of_a_migration_is_shown(reader):
    run("DROP TABLE orgs_transfer; ALTER TABLE auth_group DROP name")
    MigrationRecorder(connection).record_unapplied("accounts", "0007_log_names_nobody")
    page = words(reader.get(OVERVIEW))
    assert "1 migration is pending." in page
    assert "orgs_transfer: the model orgs.Transfer has no table" in page
    assert reader.get(page_of("orgs_transfer")).status_code == 404
    assert "log_names_nobody" in words(reader.get(MIGRATIONS))


def test_a_database_that_was_never_migrated_is_shown(reader):
    run("DROP TABLE django_migrations")
    assert "migrations are pending." in words(reader.get(OVERVIEW))
    assert "Every migration is applied." not in words(reader.get(MIGRATIONS))


def test_who_may_make_no_temporary_table_sees_all_the_same(reader, monkeypatch):
    def refused(*args):
        raise ProgrammingError("permission denied to create temporary tables")

    monkeypatch.setattr(expected, "read", refused)
    for path in (OVERVIEW, page_of("orgs_membership")):
        page = words(reader.get(path))
        assert "is not known. permission denied to create temporary tables" in page
        assert "Nothing differs" not in page


def test_tables_that_point_out_of_sight_are_shown(reader):
    run(
        "CREATE SCHEMA aside; CREATE TABLE aside.there (id integer PRIMARY KEY);"
        "CREATE TABLE here (id integer PRIMARY KEY REFERENCES aside.there);"
        "CREATE TABLE aside.pointer (id integer REFERENCES here)"
    )
    assert reader.get(OVERVIEW).status_code == 200
    page = words(reader.get(page_of("here")))
    assert "aside.there" in page
    assert "aside.pointer" in page


def test_migrations_are_listed_by_app_with_their_state(reader):
    page = words(reader.get(MIGRATIONS))
    assert "Every migration is applied." in page
    assert page.count(" applied ") == len(history.read().migrations)
    MigrationRecorder(connection).record_applied("shop", "0001_initial")
    MigrationRecorder(connection).record_unapplied("accounts", "0007_log_names_nobody")
    page = words(reader.get(MIGRATIONS))
    assert "and its file is missing" in page
    assert page.index("accounts.0007_log_names_nobody") < page.index("0001_cache")


def test_a_page_costs_as_many_statements_for_many_tables_as_for_few(reader):
    def statements(path):
        with CaptureQueriesContext(connection) as queries:
            assert reader.get(path).status_code == 200
        return len(queries)

    paths = [OVERVIEW, page_of("orgs_membership"), MIGRATIONS]
    for path in paths:
        statements(path)  # the models are asked once in a process
    few = [statements(path) for path in paths]
    for number in range(5):
        run(f"CREATE TABLE scratch_{number} (id uuid PRIMARY KEY REFERENCES orgs_membership)")
    assert [statements(path) for path in paths] == few
    assert max(few) <= 17
