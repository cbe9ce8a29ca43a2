import io
import runpy
import shutil
import signal

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.backends.postgresql.base import DatabaseWrapper

from config import env
from config.database import from_url, reaching
from config.tests import exported
from config.tests.clone import Clone
from config.tests.processes import PRODUCTION, printed_by
from config.tests.servers import Server, new_folder

PREPARE = """
import config.wsgi
from django.core.management import call_command
from django.test import Client
from config import cast

call_command("migrate", verbosity=0)
alice, bob, dora = map(cast.person, ("alice", "bob", "dora"))
cast.acme(alice, bob, dora)
client = Client()
client.force_login(alice)
print(client.session.session_key)
"""


@pytest.fixture(scope="session", autouse=True)
def heard_ctrl_c():
    """A shell has its background jobs ignore Ctrl-C, which they would pass on to our processes."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def folder_of_root():
    """In the place of /var/lib/groundwork-postgres: pytest's own folders are closed to `nobody`."""
    folder = new_folder("root")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def make_clone(tmp_path_factory, folder_of_root):
    """Make a clone of the project, in a folder that only this user may enter."""

    def make(name="clone"):
        folder = tmp_path_factory.mktemp("home", numbered=True) / name
        folder.mkdir()
        return Clone(folder, folder_of_root)

    return make


@pytest.fixture(scope="session")
def used_clone(make_clone):
    """A clone whose data folder is made already."""
    clone = make_clone("Anna's clone")
    clone.run("embedded.start('test')")
    return clone


@pytest.fixture
def clone(used_clone):
    """A clone with data and a server that nobody uses. Each test leaves it like that."""
    assert used_clone.is_stopped()
    return used_clone


@pytest.fixture
def ping(monkeypatch):
    """Return a function that pings the database of a URL, and returns what `db ping` says."""

    def ping(url, **options):
        entry = from_url(url, environment="production", **options)
        wrapper = DatabaseWrapper({"TIME_ZONE": None, **entry}, "default")
        monkeypatch.setitem(settings.DATABASES, "default", entry)
        monkeypatch.setattr(reaching, "connection", wrapper)
        call_command("db", "ping", stdout=(said := io.StringIO()))
        return said.getvalue()

    return ping


@pytest.fixture
def load_settings(monkeypatch, tmp_path):
    """Return a function that reads config/settings.py with these variables and no .env file."""
    settings = env.BASE_DIR / "config/settings.py"

    def load(**variables):
        with monkeypatch.context() as patch:
            patch.setattr(env, "BASE_DIR", tmp_path)
            patch.delenv("PYTEST_VERSION")
            for name, value in variables.items():
                patch.setenv(name, value)
            return runpy.run_path(str(settings))

    return load


@pytest.fixture(scope="session")
def migrated():
    """A PostgreSQL to break, with all tables, Alice and Acme; `alice` is her session's key."""
    with Server() as server:
        server.alice = prepare(server.url())
        yield server


@pytest.fixture(scope="session")
def exports(django_db_setup, django_db_blocker, tmp_path_factory):
    """Exports of a database with the cast in it; see exported.Exports."""
    with django_db_blocker.unblock():
        made = exported.make(tmp_path_factory.mktemp("exports"))
        exported.forget()
    return made


@pytest.fixture
def beside(django_db_setup):
    """An empty database on the tests' server, to restore into."""
    with exported.beside() as database:
        yield database


def prepare(url):
    """Migrate the database of this URL, and return the key of Alice's session."""
    variables = PRODUCTION | {"ENVIRONMENT": "test", "DATABASE_URL": url}
    return printed_by("-c", PREPARE, **variables).split()[-1]
