"""What the verbs setup, seed and studio of manage.py db do to a database that is there."""

import io
import webbrowser

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError, OutputWrapper
from django.db import OperationalError
from django.utils import timezone

from accounts.models import User
from config import cast
from config.database import preparing
from config.database.backups import exports
from config.database.target import Target
from config.database.verbs import seed, setup, studio
from config.management.commands import db
from config.models import MigrationFile


@pytest.fixture
def run(monkeypatch):
    """Return a function that runs a verb, and returns what it prints."""
    monkeypatch.setattr(preparing.connections, "close_all", lambda: None)  # the test's own is one

    def run(verb, environment="test", host="127.0.0.1", **options):
        out = io.StringIO()
        target = Target(environment, host, "5432", "groundwork")
        verb(target, OutputWrapper(out), OutputWrapper(io.StringIO())).run(**options)
        return out.getvalue()

    return run


@pytest.mark.parametrize("environment", ["development", "test"])
def test_the_demo_people_are_for_development_and_tests(db, run, environment):
    assert cast.PASSWORD in run(seed.Seed, environment)
    assert User.objects.count() == len(cast.PEOPLE)


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_no_other_environment_gets_people_whose_password_is_known(db, run, environment):
    with pytest.raises(CommandError, match=f"ENVIRONMENT is {environment}, and everybody knows"):
        run(seed.Seed, environment)
    assert not User.objects.exists()


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_nobody_is_seeded_where_production_was_even_if_its_name_was_forgotten(
    db, run, settings, environment
):
    now = timezone.now()
    MigrationFile.objects.create(app="x", name="0001", applied=now, environment=environment)
    with pytest.raises(CommandError, match=f"this database was migrated in {environment}"):
        run(seed.Seed, "development")
    settings.DEVELOPMENT = True
    with pytest.raises(CommandError, match=f"this database was migrated in {environment}"):
        run(setup.Setup)
    assert not User.objects.exists()


@pytest.fixture
def of_production(db):
    now = timezone.now()
    MigrationFile.objects.create(app="x", name="0001", applied=now, environment="production")


def test_on_another_machine_productions_database_is_left_alone_if_its_name_was_forgotten(
    of_production, run, settings, monkeypatch
):
    elsewhere, refusal = "192.0.2.1", r"^ENVIRONMENT is \w+, and .* set ENVIRONMENT=production\."
    settings.ENVIRONMENT = "production"
    exports.record_restored("last.dump")  # after a disaster
    settings.ENVIRONMENT = "development"
    with pytest.raises(CommandError, match=refusal):
        run(setup.Setup, "development", elsewhere)
    run(setup.Setup, "production", elsewhere)
    run(setup.Setup, "development")  # a copy on a laptop
    monkeypatch.setattr(Target, "is_local", False)
    with pytest.raises(CommandError, match=refusal):
        call_command("migrate", verbosity=0)


def test_on_another_machine_a_copy_of_production_is_one_if_it_was_restored_there(
    of_production, run, settings
):
    settings.ENVIRONMENT = "development"
    exports.record_restored("last.dump")
    assert run(setup.Setup, "development", "192.0.2.1").startswith("Ready.")


def test_nobody_is_seeded_into_tables_that_wait_for_a_migration(db, run, monkeypatch):
    monkeypatch.setattr(seed, "pending_migrations", lambda: ["one"])
    with pytest.raises(CommandError, match=r"run manage\.py migrate first"):
        run(seed.Seed)


def test_why_nobody_is_seeded_is_said(db, run, monkeypatch):
    monkeypatch.setattr("config.seeding.PASSWORD", "short")
    with pytest.raises(CommandError, match=r"^Nobody was seeded: alice@example\.com cannot sign"):
        run(seed.Seed)


def test_a_setup_seeds_once_and_then_changes_nothing(db, run, settings):
    settings.DEVELOPMENT = True
    assert run(setup.Setup).startswith("Ready. Next:\n    ./bin/")
    User.objects.get(email="bob@example.com").delete()
    run(setup.Setup)
    assert User.objects.count() == len(cast.PEOPLE) - 1


@pytest.mark.parametrize("environment", ["test", "staging", "production"])
def test_a_setup_seeds_in_development_alone(db, run, settings, environment):
    settings.ENVIRONMENT, settings.DEPLOYED = environment, environment != "test"
    run(setup.Setup)
    assert not User.objects.exists()


def test_who_deploys_is_led_to_the_first_owner_as_long_as_there_is_none(db, run, settings):
    settings.DEPLOYED, settings.SITE_URL = True, "https://www.example.com"
    assert "https://www.example.com/setup/" in run(setup.Setup)
    cast.person("olivia")
    assert "/setup/" not in run(setup.Setup)


def test_the_studio_is_the_admin_and_its_schema(run, settings, client):
    settings.SITE_URL = "https://www.example.com"
    printed = run(studio.Studio, open=False)
    assert printed.split() == [
        *("Rows:", "https://www.example.com/admin/"),
        *("Schema:", "https://www.example.com/admin/schema/"),
    ]


def test_djangos_own_options_are_taken_before_the_verb_and_after_it():
    parser = db.Command().create_parser("manage.py", "db")
    for words in (["-v", "2", "--traceback", "studio"], ["studio", "-v", "2", "--traceback"]):
        options = parser.parse_args(words)
        assert (options.verbosity, options.traceback, options.no_color) == (2, True, False)


def test_the_studio_opens_in_a_browser_if_there_is_one(run, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    with pytest.raises(CommandError, match="no browser here to open: open these yourself"):
        run(studio.Studio, open=True)
    monkeypatch.setattr(webbrowser, "open", lambda page: not opened.append(page))
    opened.clear()
    printed = run(studio.Studio, open=True).split()
    assert opened == [printed[1], printed[3]]


def test_a_database_that_fails_is_a_sentence(monkeypatch):
    def fail(*_, **__):
        raise OperationalError("the server does not answer")

    monkeypatch.setattr(seed, "pending_migrations", fail)
    with pytest.raises(CommandError, match="PostgreSQL could not do that: the server does not ans"):
        call_command("db", "seed", stdout=io.StringIO())
