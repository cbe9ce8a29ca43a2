"""Fixtures for every test: the cast (config/cast.py), one by one."""

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.transaction import Atomic

from accounts.outbox import attempt
from config import cast
from config.tests.mail_server import MailServer
from orgs.roles import Role
from waitlist import models


def pytest_configure():
    if not settings.TESTING:
        pytest.exit(f"ENVIRONMENT is {settings.ENVIRONMENT}: tests run in 'test' alone. Unset it.")
    # Seconds for a connection: a busy machine takes longer to open one than a visitor would wait.
    settings.DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = 60


@pytest.fixture(autouse=True)
def fresh_cache():
    """Codes that were used are kept in the cache, which no rollback empties."""
    cache.clear()


@pytest.fixture(autouse=True)
def commits_by_itself(monkeypatch):
    """What waits for a commit happens in tests, too, whose own transaction is never committed.

    A block that stands directly in that one is what would be committed outside of tests. Nor would
    a thread see what is not committed: emails in the background are sent at once.
    """
    monkeypatch.setattr(models, "later", lambda work: work())
    monkeypatch.setattr(attempt.Background, "make", attempt.Attempt.make)
    leave = Atomic.__exit__

    def leave_and_commit(atomic, *error):
        leave(atomic, *error)
        connection = transaction.get_connection(atomic.using)
        blocks = connection.atomic_blocks
        if blocks and blocks[-1]._from_testcase and not connection.needs_rollback:
            while waiting := connection.run_on_commit:
                connection.run_on_commit = []  # a block inside of one, then, does its own alone
                for _, work, _ in waiting:
                    work()

    monkeypatch.setattr(Atomic, "__exit__", leave_and_commit)


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
def same_half_minute(monkeypatch):
    """In which all codes of an app are taken: the next one may begin in the middle of a test."""
    steps = list(totp.yield_hotp_counters_from_time())
    monkeypatch.setattr(totp, "yield_hotp_counters_from_time", lambda: iter(steps))


@pytest.fixture
def mail_server(settings, monkeypatch):
    """The mail server of the settings: a real one, which is down until the test starts it."""
    monkeypatch.setattr(attempt, "_away_until", 0.0)
    monkeypatch.setattr(attempt, "SECONDS", 60)  # one that answers does so, however busy it is
    server = MailServer()
    options = {"host": "127.0.0.1", "port": server.port, "timeout": 60}
    settings.MAILERS = {
        "default": {"BACKEND": "accounts.outbox.backend.EmailBackend"},
        "transport": {"BACKEND": "accounts.outbox.smtp.EmailBackend", "OPTIONS": options},
    }
    yield server
    server.stop()
