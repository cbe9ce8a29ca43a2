"""Fixtures for every test: the cast (config/cast.py), one by one."""

import pytest
from django.conf import settings
from django.core.cache import cache

from config import cast
from config.tests.mail_server import MailServer
from orgs.roles import Role


def pytest_configure():
    if not settings.TESTING:
        pytest.exit(f"ENVIRONMENT is {settings.ENVIRONMENT}: tests run in 'test' alone. Unset it.")


@pytest.fixture(autouse=True)
def fresh_cache():
    """Codes that were used are kept in the cache, which no rollback empties."""
    cache.clear()


@pytest.fixture
def alice(db):
    return cast.person("alice")


@pytest.fixture
def bob(db):
    return cast.person("bob")


@pytest.fixture
def charlie(db):
    return cast.person("charlie")


@pytest.fixture
def dora(db):
    return cast.person("dora")


@pytest.fixture
def frank(db):
    return cast.person("frank")


@pytest.fixture
def grace(db, acme):
    """Acme's second owner."""
    grace = cast.person("grace")
    acme.add_user(grace, Role.OWNER)
    return grace


@pytest.fixture
def olivia(db):
    return cast.person("olivia")


@pytest.fixture
def acme(alice, bob, dora):
    return cast.acme(alice, bob, dora)


@pytest.fixture
def garden(acme, frank, dora):
    """A team of Acme, led by Frank; Dora is in it."""
    return cast.garden(acme, frank, dora)


@pytest.fixture
def birch(charlie, alice):
    return cast.birch(charlie, alice)


@pytest.fixture
def operator(client, olivia):
    """A browser in which Olivia is signed in."""
    client.force_login(olivia)
    return client


@pytest.fixture
def mail_server(settings):
    """The mail server of the settings: a real one, which is down until the test starts it."""
    server = MailServer()
    options = {"host": "127.0.0.1", "port": server.port, "timeout": 5}
    backend = "django.core.mail.backends.smtp.EmailBackend"
    settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
    yield server
    server.stop()
