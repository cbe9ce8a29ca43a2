"""manage.py env: what is set, from where, and nothing secret."""

import io
import os

import pytest
from django.core.management import call_command

from config import env as config_env
from config.env import BASE_DIR
from config.management.commands import env as command
from config.masks import masked
from config.tests.processes import PRODUCTION, run

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("SITE_NAME", "Tea & Co", "Tea & Co"),
        ("SECRET_KEY", SECRET, "********"),
        ("SECRET_KEY", "", ""),
        ("SECRET_KEY_FALLBACKS", f"{SECRET},x", "********"),
        ("ENCRYPTION_SECRETS", SECRET, "********"),
        ("SMTP_PASSWORD", SECRET, "********"),
        ("SETUP_TOKEN", SECRET, "********"),
        ("GOOGLE_CLIENT_SECRET", SECRET, "********"),
        ("PGPASSWORD", SECRET, "********"),
        ("PWNED_PASSWORDS", "true", "true"),
        ("DATABASE_URL", "", ""),
        ("DATABASE_URL", "postgres://me@db/x", "postgres://me@db/x"),
        ("DATABASE_URL", "postgres://db:5432/x", "postgres://db:5432/x"),
        ("DATABASE_URL", f"postgres://me:{SECRET}@db/x", "postgres://me:********@db/x"),
        ("DATABASE_URL", f"postgres://me:a/{SECRET}@db/x", "postgres://me:********@db/x"),
        ("DATABASE_URL", f"postgres://me:a?{SECRET}#b@db/x", "postgres://me:********@db/x"),
        ("DATABASE_URL", f"postgres://me:{SECRET}@{SECRET}@db/x", "postgres://me:********@db/x"),
        (
            "DATABASE_URL",
            f"postgres://db/x?user=me&password={SECRET}&sslmode=require",
            "postgres://db/x?user=me&password=********&sslmode=require",
        ),
        (
            "DATABASE_URL",
            f"postgres://db/x?pass%77ord={SECRET}",
            "postgres://db/x?pass%77ord=********",
        ),
        (
            "DATABASE_URL",
            f"postgres://a:b@c@db/?sslpassword={SECRET}&x=y@z",
            "postgres://a:********@z",
        ),
        ("DATABASE_URL", f"postgres://me:{SECRET}/x", "postgres://********"),
        ("DATABASE_URL", f"postgres://me:{SECRET}%40db/x", "postgres://********"),
        ("DATABASE_URL", "postgres://a:1,b:2/x", "postgres://a:1,b:2/x"),
        ("DATABASE_URL", "postgres://[::1]:5432/x", "postgres://[::1]:5432/x"),
        ("DATABASE_URL", f"postgres:me:{SECRET}@db/x", "********"),
        ("DATABASE_URL", f"host=db password={SECRET}", "********"),
        ("DATABASE_URL", f"me:{SECRET}://db", "********"),
        ("CACHE_URL", f"valkey://:{SECRET}@cache:6379/0", "valkey://:********@cache:6379/0"),
        ("OIDC_ISSUER", f"https://me:{SECRET}@id.example", "https://me:********@id.example"),
        ("DEFAULT_FROM_EMAIL", "Tea <tea@example.com>", "Tea <tea@example.com>"),
        ("SITE_NAME", "a\n\x1b[2Jb", r"'a\n\x1b[2Jb'"),
    ],
)
def test_secrets_are_masked_and_the_rest_is_shown(name, value, shown):
    assert masked(name, value) == shown


@pytest.fixture
def show(tmp_path, monkeypatch):
    """Return a function that writes files, and returns what the command prints with them."""
    for module in (config_env, command):
        monkeypatch.setattr(module, "BASE_DIR", tmp_path)
    monkeypatch.setattr(os, "environ", {"ENVIRONMENT": "staging"})
    monkeypatch.setattr(config_env, "from_files", read := {})
    monkeypatch.setattr(command, "from_files", read)
    (tmp_path / ".env.example").write_text((BASE_DIR / ".env.example").read_text())

    def show(**files):
        for name, text in files.items():
            (tmp_path / f".{name.replace('_', '.')}").write_text(text)
        out = io.StringIO()
        call_command("env", stdout=out)
        return out.getvalue()

    return show


def test_each_variable_is_shown_with_where_it_comes_from(show):
    os.environ.update(SITE_NAME="Real", SMTP_HOST="", PGHOST="db.example.com", HOME="/root")
    printed = show(
        env="SITE_NAME=Shared\n\nPORT=9000\nSETUP_TOKEN=hunter2", env_staging_local="PORT=9001\n"
    )
    first, *table = printed.partition("\n\nNot set")[0].splitlines()
    assert first == (
        "ENVIRONMENT is staging, which reads .env.staging.local, .env.local (not there), .env; "
        "the first one wins."
    )
    assert [line.split(maxsplit=2) for line in table if line] == [
        ["ENVIRONMENT", "staging", "environment"],
        ["SITE_NAME", "Real", "environment, over .env, line 1"],
        ["SETUP_TOKEN", "********", ".env, line 4"],
        ["SMTP_HOST", "(empty)", "environment"],
        ["PORT", "9001", ".env.staging.local, line 1"],
        ["PGHOST", "db.example.com", "environment"],
    ]


def test_what_is_not_set_is_listed(show):
    unset = show(env="PORT=1").partition("Not set")[2]
    assert "SECRET_KEY," in unset
    assert "PORT," not in unset.replace("SMTP_PORT,", "")


def test_a_variable_that_nobody_reads_is_pointed_out_without_its_value(show):
    printed = show(env="PORT=1\nDATABSE_URL=hunter2\nPGHOST=x\nmine=hunter2\n")
    assert ".env, line 2: nothing reads DATABSE_URL: is DATABASE_URL meant?" in printed
    assert ".env, line 4: nothing reads mine." in printed
    assert "nothing reads PG" not in printed
    assert "hunter2" not in printed


def test_a_file_of_no_environment_is_pointed_out(show):
    printed = show(env_prod_local="PORT=1", env_production_local="PORT=2")
    assert ".env.prod.local is read in no environment." in printed
    assert ".env.production.local is" not in printed


def test_it_works_where_nothing_else_starts():
    result = run("manage.py", "env", **PRODUCTION | {"SECRET_KEY": "", "SITE_NAME": "Tea"})
    assert result.returncode == 1
    assert "SITE_NAME      Tea" in result.stdout
    assert "secret" not in result.stdout
    assert "Nothing starts with these: SECRET_KEY is not set" in result.stderr
    assert "Traceback" not in result.stderr


def test_it_says_that_an_environment_does_not_exist():
    result = run("manage.py", "env", ENVIRONMENT="prod")
    assert result.returncode == 1
    assert result.stderr == (
        "ENVIRONMENT is 'prod'; it must be one of development, test, staging, production.\n"
    )
