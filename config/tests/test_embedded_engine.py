"""Django's way to the embedded PostgreSQL: the engine that starts it with the first connection."""

import json

import pytest

from config.tests.processes import printed_by

pytestmark = pytest.mark.slow

# The tests of the server itself fork their processes; these begin and end like any other Python.
DJANGO = """
import json, sys, threading
from pathlib import Path
from config.database import embedded
from config.database.embedded import programs
folder, folder_of_root = map(Path, sys.argv[1:])
embedded.FOLDER = folder / ".postgres"
programs.FOLDER_OF_ROOT = folder_of_root

import django
from django.conf import settings
from config import database
from django.db import connection, connections

entry = database.from_url("", environment="test", pool=database.Pool(size=4))
settings.configure(DATABASES={"default": entry}, USE_TZ=True)
django.setup()

def ask(question, *values):
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        return cursor.fetchone()[0]
"""


@pytest.fixture(scope="module")
def answers(used_clone):
    """What one process of Django that nobody started a server for gets to see."""
    output = python(
        used_clone,
        """
answers = {"first": ask("SELECT %s + 1", 41), "pool": connection.pool.max_size, "threads": []}

def work():
    answers["threads"].append(ask("SELECT %s", "hello"))
    connections.close_all()
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()

with connection._nodb_cursor() as cursor:
    cursor.execute("CREATE DATABASE test_groundwork")
    cursor.execute("DROP DATABASE test_groundwork")
    cursor.execute("SELECT current_database()")
    answers["beside"] = cursor.fetchone()[0]
print(json.dumps(answers))
""",
    )
    return json.loads(output)


def test_first_connection_starts_the_server(answers):
    assert answers["first"] == 42


def test_last_connection_stops_the_server(answers, used_clone):
    assert answers
    assert used_clone.is_stopped()


def test_connections_come_from_the_pool_of_the_settings(answers):
    assert answers["pool"] == 4


def test_threads_share_the_server(answers):
    assert answers["threads"] == ["hello"] * 4


def test_makes_and_removes_databases_as_the_test_runner_does(answers):
    assert answers["beside"] == "postgres"


def test_connects_to_the_new_port_if_another_program_took_the_old_one(clone):
    output = python(
        clone,
        """
import socket
taken = connection.settings_dict["PORT"]
with socket.create_server(("127.0.0.1", taken)):
    print(ask("SELECT inet_server_port()") == connection.settings_dict["PORT"] != taken)
""",
    )
    assert output == "True\n"


def test_dbshell_starts_the_server_and_the_psql_that_comes_along(clone):
    output = python(
        clone,
        """
from django.core.management import call_command
call_command("dbshell", "--", "--tuples-only", "--csv", "--command", "SELECT current_user")
""",
    )
    assert output == "groundwork\n"
    assert clone.is_stopped()


def python(clone, code):
    """What a new Python prints that runs this code with Django in the clone."""
    return printed_by("-c", DJANGO + code, clone.folder, clone.folder_of_root)
