"""manage.py dev: what it refuses, and one run of it in a clone with a database of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from config.database.embedded import cluster
from config.env import BASE_DIR
from config.management.commands.dev import check_free, parse_address

pytestmark = pytest.mark.slow

# manage.py, but the embedded PostgreSQL is this clone's.
START = """
import sys
from pathlib import Path
sys.path[0] = {project!r}
from config.database import embedded
from config.database.embedded import programs
embedded.FOLDER = Path({folder!r}, ".postgres")
programs.folder_of_root = lambda: Path({folder_of_root!r})
import manage
manage.main()
"""


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8001", ("127.0.0.1", 8001)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:8000", ("[::1]", 8000)),
    ],
)
def test_address_is_a_port_or_an_address_with_a_port(address, expected):
    assert parse_address(address) == expected


@pytest.mark.parametrize("address", ["", "eight", "0", "65536", "127.0.0.1", "localhost:", "-1"])
def test_other_addresses_are_refused(address):
    with pytest.raises(CommandError, match="not a port"):
        parse_address(address)


def test_taken_port_is_said_with_the_way_to_choose_another():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CommandError) as caught:
            check_free("127.0.0.1", port)
    assert str(caught.value) == f"Port {port} is taken. Choose another: ./bin/dev {port + 1}"


def test_address_of_another_machine_is_said():
    with pytest.raises(CommandError, match=r"Cannot serve on 192\.0\.2\.1:8000"):
        check_free("192.0.2.1", 8000)


@pytest.mark.parametrize("environment", ["test", "staging", "production"])
def test_demo_people_with_a_known_password_are_for_development_alone(settings, environment):
    settings.ENVIRONMENT, settings.DEVELOPMENT = environment, False
    with pytest.raises(CommandError, match=f"ENVIRONMENT is {environment}"):
        call_command("dev")


class Dev:
    """A command that serves a clone, in a process group of its own as in a terminal."""

    def __init__(self, clone, command="dev", *options):
        self.start = clone.folder / "start.py"
        where = {name: str(path) for name, path in clone._asdict().items()}
        self.start.write_text(START.format(project=str(BASE_DIR), **where))
        self.port = cluster.free_port()
        self.process = subprocess.Popen(
            [sys.executable, self.start, command, str(self.port), *options],
            cwd=BASE_DIR,
            env={"PATH": os.environ["PATH"], "DATABASE_URL": "", "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def status(self):
        """The status with which the first page answers; None while nothing listens."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def restarts(self):
        """Whether it stops listening for a change of the code, of which it may miss the first."""
        os.utime(self.start)
        return self.status() is None

    def wait_until(self, condition):
        for _ in range(1200):
            if condition():
                return
            assert self.process.poll() is None, self.process.stdout.read()
            time.sleep(0.05)
        raise AssertionError("it did not happen within a minute")


@pytest.fixture
def dev(clone):
    dev = Dev(clone)
    yield dev
    if dev.process.poll() is None:
        os.killpg(dev.process.pid, signal.SIGTERM)
        dev.process.communicate(timeout=60)


def test_ctrl_c_stops_everything_that_it_started(clone, dev):
    dev.wait_until(lambda: dev.status() == 200)
    assert not clone.is_stopped("development")
    dev.wait_until(dev.restarts)
    dev.wait_until(lambda: dev.status() == 200)

    os.killpg(dev.process.pid, signal.SIGINT)
    out, _ = dev.process.communicate(timeout=60)
    assert dev.process.returncode == 0
    assert "Traceback" not in out
    with pytest.raises(ProcessLookupError):
        os.killpg(dev.process.pid, 0)
    assert clone.is_stopped("development")

    assert "Migrating the database" in out
    assert "Seeding the demo people" in out
    assert out.count(f"{settings.SITE_NAME} is at http://127.0.0.1:{dev.port}/") == 1
    assert "alice@example.com      the primary owner of Acme" in out
    assert "Sign in with the password green-field-2026" in out


@pytest.mark.parametrize("options", [[], ["--noreload"]])
def test_a_runserver_that_is_ended_leaves_no_database_behind(clone, options):
    served = Dev(clone, "runserver", *options)
    try:
        served.wait_until(served.status)
        assert not clone.is_stopped("development")
        served.process.terminate()
        out, _ = served.process.communicate(timeout=60)
    finally:
        served.process.kill()
    assert "Traceback" not in out
    assert clone.is_stopped("development")
