"""The site as production runs it, gunicorn with two processes, and visitors who count its failures.

with Site(server.url()) as site, Load(site, ["/"]) as load:
    server.restart()
assert not load.failures
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

from config.database.embedded import cluster
from config.env import BASE_DIR
from config.tests.clone import wait_until
from config.tests.processes import PRODUCTION
from config.tests.servers import new_folder

COMMAND = "-m gunicorn --config config/gunicorn.py config.wsgi"
HOST = "127.0.0.1"
LOCK = "LOCK TABLE accounts_attempt IN ACCESS EXCLUSIVE MODE"  # in which this one is counted:
JOIN = ("POST", "/api/waitlist", '{"email": "ann@example.com"}')


class Answer(NamedTuple):
    """`status` is 0 where the connection broke before there was one."""

    status: int
    text: str
    headers: dict
    began: float
    seconds: float


class Site:
    """gunicorn on a port of its own, with the database of this URL; it ends with its block."""

    def __init__(self, database, **variables):
        self.port = cluster.free_port()
        self.variables = {"ALLOWED_HOSTS": HOST, "WEB_CONCURRENCY": "2", "DRAIN_SECONDS": "0"}
        self.variables |= {"ENVIRONMENT": "test", "DATABASE_URL": database, **variables}
        self.folder = new_folder("site")
        self.lines = tempfile.TemporaryFile("w+")  # noqa: SIM115 — open as long as the site is

    def __enter__(self):
        """Start it. By its pid file it ends with the tests' process, however that ends."""
        address = ("--bind", f"{HOST}:{self.port}")
        self.process = subprocess.Popen(
            [sys.executable, *COMMAND.split(), *address, "--pid", self.folder / "gunicorn.pid"],
            cwd=BASE_DIR,
            env={"PATH": os.environ["PATH"], **PRODUCTION, **self.variables},
            stderr=self.lines,
        )
        while not self.get("/health/live").status:
            assert self.process.poll() is None, self.log
            time.sleep(0.05)
        return self

    def __exit__(self, *_error):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(40)
        self.lines.close()
        shutil.rmtree(self.folder)

    @property
    def log(self):
        self.lines.seek(0)
        return self.lines.read()

    @property
    def workers(self):
        return [int(pid) for pid in re.findall(r"Booting worker with pid: (\d+)", self.log)]

    def get(self, path, session=""):
        return self.ask("GET", path, session=session)

    def ask(self, method, path, body=None, *, session="", connection=None, patience=40):
        """What somebody gets, on a connection of their own unless there is one."""
        began = time.monotonic()
        own = connection or HTTPConnection(HOST, self.port, timeout=patience)
        headers = {"Cookie": f"session={session}"} if session else {}
        headers |= {"Content-Type": "application/json"} if body else {}
        try:
            own.request(method, path, body, headers)
            response = own.getresponse()
            text = response.read().decode()
            status, headers = response.status, dict(response.headers)
        except (OSError, HTTPException) as error:
            own.close()
            status, text, headers = 0, repr(error), {}
        if own is not connection:
            own.close()
        return Answer(status, text, headers, began, time.monotonic() - began)


class Load:
    """Visitors who ask one page after the other: every second one on a connection it keeps."""

    def __init__(self, site, path, session="", *, visitors=4, pause=0.02):
        self.site, self.path, self.session, self.pause = site, path, session, pause
        self.answers, self.is_over = [], threading.Event()
        self.visitors = [
            threading.Thread(target=self._visit, args=[n % 2]) for n in range(visitors)
        ]

    def __enter__(self):
        for visitor in self.visitors:
            visitor.start()
        self.until(lambda: len(self.answers) >= 20)
        return self

    def __exit__(self, *_error):
        self.is_over.set()
        for visitor in self.visitors:
            visitor.join()

    def until(self, condition, seconds=60):
        """Wait until it is true, and fail if it does not become so."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.summary
            time.sleep(0.01)

    def go_on(self, answers=40):
        """Wait for so many more good answers."""
        before = len(self.good)
        self.until(lambda: len(self.good) >= before + answers)

    @property
    def good(self):
        return [answer for answer in self.answers if answer.status == 200]

    @property
    def failures(self):
        return [answer for answer in self.answers if answer.status != 200]

    def seconds_away(self, since):
        """How long after `since` (time.monotonic) the last visitor that failed was let down."""
        return max((bad.began + bad.seconds - since for bad in self.failures), default=0.0)

    @property
    def longest(self):
        return max(answer.seconds for answer in self.answers)

    @property
    def summary(self):
        bad = [(answer.status, round(answer.seconds, 2)) for answer in self.failures]
        return f"{len(self.answers)} requests, {len(bad)} failed: {bad[:10]}"

    def _visit(self, keeps):
        kept = HTTPConnection(HOST, self.site.port, timeout=40) if keeps else None
        while not self.is_over.is_set():
            self.answers.append(
                self.site.ask("GET", self.path, session=self.session, connection=kept)
            )
            time.sleep(self.pause)
        if kept:
            kept.close()


class Hole:
    """A way to a server on which, while it is `closed`, nothing gets through, nor is refused."""

    def __init__(self, port):
        self.to, self.closed = port, threading.Event()
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = [self.listener]

    def __enter__(self):
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_error):
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def instead_of(self, server):
        """The URL of the server, by this way."""
        return server.url().replace(f":{server.port}/", f":{self.port}/")

    @contextlib.contextmanager
    def swallowing(self):
        self.closed.set()
        yield time.monotonic()
        self.closed.clear()

    def _listen(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._connect, args=[client], daemon=True).start()

    def _connect(self, client):
        self._wait()
        try:
            server = socket.create_connection((HOST, self.to))
        except OSError:
            return client.close()
        self.sockets += [client, server]
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=self._forward, args=[one, other], daemon=True).start()

    def _forward(self, one, other):
        """Pass on what comes, and that nothing more comes, also where a side was cut off."""
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                self._wait()
                other.sendall(data)
        self._wait()
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)

    def _wait(self):
        while self.closed.is_set():
            time.sleep(0.01)


def until_waiting(server, number):
    """Wait until so many statements wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    assert wait_until(lambda: server.ask(waiting) >= number)
