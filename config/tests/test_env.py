"""Where a setting comes from, and what is said when it makes no sense."""

import os
import re

import pytest

from accounts.roles import PlatformRole
from config import env as config_env
from config.env import BASE_DIR, SettingError, env, read_environment
from config.tests.processes import PRODUCTION, run


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Return a function that writes an .env file; settings are read from these alone."""
    monkeypatch.setattr(config_env, "BASE_DIR", tmp_path)
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(config_env, "from_files", {})
    return lambda name, text: (tmp_path / name).write_text(text)


def test_the_more_particular_file_wins_and_a_real_variable_over_all(files):
    names = ["REAL", "PARTICULAR", "LOCAL", "SHARED"]
    os.environ.update(REAL="real", ENVIRONMENT="staging")
    files(".env.staging.local", "".join(f"{name}=particular\n" for name in names[:2]))
    files(".env.local", "".join(f"{name}=local\n" for name in names[:3]))
    files(".env", "".join(f"{name}=shared\n" for name in names))

    assert read_environment() == "staging"

    assert [env.str(name) for name in names] == ["real", "particular", "local", "shared"]


def test_files_of_another_environment_are_not_read(files):
    files(".env.production.local", "SECRET=production")
    read_environment()
    assert env.str("SECRET", "") == ""


def test_tests_read_no_file(files):
    os.environ["PYTEST_VERSION"] = "9"
    files(".env", "DEBUG=true")
    assert read_environment() == "test"
    assert env.str("DEBUG", "") == ""


def test_without_a_name_it_is_development(files):
    assert read_environment() == "development"


def test_a_file_cannot_name_the_environment(files):
    files(".env", "ENVIRONMENT=production")
    with pytest.raises(SettingError, match=r"ENVIRONMENT is 'production' in \.env, line 1, which"):
        read_environment()


def test_a_file_may_repeat_the_environment(files):
    os.environ["ENVIRONMENT"] = "staging"
    files(".env", "ENVIRONMENT=staging")
    assert read_environment() == "staging"


def test_a_real_variable_wins_over_a_file_that_names_another_environment(files):
    os.environ["ENVIRONMENT"] = "staging"
    files(".env", "ENVIRONMENT=development")
    assert read_environment() == "staging"


def test_a_value_with_a_dollar_is_no_other_variable(monkeypatch):
    monkeypatch.setenv("SOME_PASSWORD", "$HOME")
    assert env.str("SOME_PASSWORD", "") == "$HOME"


@pytest.mark.parametrize(
    ("value", "expected"), [("true", True), ("ON", True), ("1", True), ("no", False), ("", False)]
)
def test_flag(monkeypatch, value, expected):
    monkeypatch.setenv("SOME_FLAG", value)
    assert env.flag("SOME_FLAG", not expected) is expected


def test_names_are_trimmed_and_empty_ones_left_out(monkeypatch):
    monkeypatch.setenv("SOME_NAMES", " a.example ,, b.example,")
    assert env.names("SOME_NAMES") == ["a.example", "b.example"]


def test_origins_are_as_browsers_write_them(monkeypatch):
    monkeypatch.setenv(
        "SOME_ORIGINS",
        "https://WWW.Example.com, https://a.example:443,http://a.example:80,http://[::1]:443,"
        "http://localhost:3000,https://a.example:80,",
    )
    assert env.origins("SOME_ORIGINS") == [
        *("https://www.example.com", "https://a.example", "http://a.example", "http://[::1]:443"),
        *("http://localhost:3000", "https://a.example:80"),
    ]


def test_rate(monkeypatch):
    monkeypatch.setenv("SOME_RATE", "3/h")
    assert env.rate("SOME_RATE", "10/m") == (3, 3600)


def test_roles(monkeypatch):
    monkeypatch.setenv("SOME_ROLES", " owner: Me@Example.com, staff:example.com,")
    assert env.roles("SOME_ROLES") == {"me@example.com": "owner", "example.com": "staff"}
    assert list(config_env.GRANTED_ROLES) == PlatformRole.values[1:]


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("name", config_env.REQUIRED)
@pytest.mark.parametrize("nothing", ["", " ", ","])
def test_a_server_does_not_start_without(load_settings, environment, name, nothing):
    sentence = f"{name} is not set, and {environment} cannot start without it."
    with pytest.raises(SettingError, match=sentence):
        load_settings(**PRODUCTION | {"ENVIRONMENT": environment, name: nothing})


def test_all_that_a_server_lacks_is_said_at_once(load_settings):
    sentence = "SECRET_KEY, SITE_URL are not set, and production cannot start without them."
    with pytest.raises(SettingError, match=sentence):
        load_settings(**PRODUCTION | {"SECRET_KEY": "", "SITE_URL": ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "prod"),
        ("SECRET_KEY", "changeme"),
        ("SECRET_KEY", "not-a-secret-" * 5),
        ("DATABASE_URL", "sqlite:///db.sqlite3"),
        ("DATABASE_URL", "postgres://user:pass@host:port/name"),
        ("DATABASE_URL", "postgres://user:12/34@host/name"),
        ("DATABASE_POOL_SIZE", "many"),
        ("TRUSTED_PROXY_COUNT", "-1"),
        ("HTTPS", "maybe"),
        ("SETUP_TOKEN", "changeme"),
        ("PLATFORM_ROLES", "me@example.com"),
        ("PLATFORM_ROLES", "king:me@example.com"),
        ("PLATFORM_ROLES", "user:me@example.com"),
        ("PLATFORM_ROLES", "staff:"),
        ("PLATFORM_ROLES", "staff:localhost"),
        ("PLATFORM_ROLES", "staff:*.example.com"),
        ("PLATFORM_ROLES", "staff:@example.com"),
        ("PLATFORM_ROLES", "staff:me@you@example.com"),
        ("PLATFORM_ROLES", "staff:example.com,owner:Example.com"),
        ("SMTP_PORT", "25a"),
        ("WAITLIST_RATE", "10/fortnight"),
        ("WAITLIST_RATE", "0/m"),
        ("WAITLIST_ALLOWED_ORIGINS", "www.example.com"),
        ("WAITLIST_ALLOWED_ORIGINS", "https://www.example.com/"),
        ("WAITLIST_ALLOWED_ORIGINS", "https://www.example.com/join"),
        ("WAITLIST_ALLOWED_ORIGINS", "https://example.com,https://*.example.com"),
        ("WAITLIST_ALLOWED_ORIGINS", "https://me@example.com"),
        ("WAITLIST_ALLOWED_ORIGINS", "https://example.com:port"),
        ("WAITLIST_ALLOWED_ORIGINS", "ftp://example.com"),
        ("WAITLIST_ALLOWED_ORIGINS", "*"),
        ("WAITLIST_ALLOWED_ORIGINS", "null"),
        ("SIGNUP_MODE", "closed"),
        ("SIGNUP_MODE", ""),
        ("MAIL_DELIVERY", "pigeon"),
        ("SITE_URL", "example.com"),
        ("SITE_URL", "https://example.com/app"),
        ("SITE_URL", "https://example.com@evil.example"),
    ],
)
def test_what_makes_no_sense_is_named(load_settings, name, value):
    with pytest.raises(SettingError, match=f"^{name} "):
        load_settings(**PRODUCTION | {name: value})


def test_a_sign_up_by_the_waitlist_needs_one(load_settings):
    by_waitlist = PRODUCTION | {"SIGNUP_MODE": "waitlist"}
    assert load_settings(**by_waitlist)["SIGNUP_MODE"] == "waitlist"
    with pytest.raises(SettingError, match=r"^SIGNUP_MODE .* WAITLIST_ENABLED is false"):
        load_settings(**by_waitlist | {"WAITLIST_ENABLED": "false"})


def test_development_and_tests_start_with_nothing_set(load_settings):
    assert load_settings(ENVIRONMENT="development", DATABASE_URL="")["DEBUG"] is True


def test_links_of_development_lead_to_the_port_that_is_served(load_settings):
    where = load_settings(ENVIRONMENT="development", DATABASE_URL="", PORT="8123")["SITE_URL"]
    assert where == "http://127.0.0.1:8123"


@pytest.mark.parametrize("environment", ["test", "staging", "production"])
def test_error_pages_with_source_code_exist_in_development_alone(load_settings, environment):
    assert (
        load_settings(**PRODUCTION | {"ENVIRONMENT": environment, "DEBUG": "true"})["DEBUG"]
        is False
    )


def test_hosts_are_trimmed(load_settings):
    hosts = load_settings(**PRODUCTION | {"ALLOWED_HOSTS": "example.com, www.example.com,"})
    assert hosts["ALLOWED_HOSTS"] == ["example.com", "www.example.com"]


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "runserver"],
        ["-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi"],
    ],
    ids=["manage.py", "gunicorn"],
)
def test_the_start_stops_with_one_sentence(command):
    result = run(*command, **PRODUCTION | {"SECRET_KEY": ""})
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        "SECRET_KEY is not set, and production cannot start without it. Set it in the "
        "environment, or in .env.production.local, which is not there.\n"
    )


def test_example_lists_exactly_the_variables_that_are_read():
    example = set(re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.M))
    sources = [path for path in BASE_DIR.glob("config/**/*.py") if "tests" not in path.parts]
    call = re.compile(r'(?:env\.\w+|environ\.get|required)\(\s*["\']([A-Z_]+)["\']')
    read = {name for path in sources for name in call.findall(path.read_text())}

    assert example == read - {"GREETING"}  # bin/dev's own, between two of its processes


def test_settings_are_read_by_the_strict_functions():
    """env.bool takes 'maybe' for False, env.int answers with a traceback."""
    source = (BASE_DIR / "config/settings.py").read_text()
    assert set(re.findall(r"\benv\.(\w+)\(", source)) <= {
        *("str", "number", "flag", "names", "rate", "roles", "choice", "origins")
    }
