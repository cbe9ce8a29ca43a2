"""PostgreSQL servers, and PgBouncers before them, that a test may stop, restart and kill.

    with Server() as server:
        run("manage.py", "migrate", DATABASE_URL=server.url())
        server.restart()

Each has a folder and a port of its own, and ends with its block. Whatever a test leaves behind goes
with the process of the tests, however that ends. Tests that use these are marked `slow`.
"""

import contextlib
import functools
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import pytest
from django.db.utils import OperationalError
from psycopg.pq import PGconn, Ping

from config.database.embedded import cluster, programs

PASSWORD = f"never-shown-{secrets.token_hex(8)}"  # the role's and the superuser's of every server
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# A shell that waits for the end of its input, which comes with the end of the tests' process.
TIDY = """
cat
for file in "$0"/*/data/postmaster.pid "$0"/*/pgbouncer.pid "$0"/*/gunicorn.pid; do
    [ -e "$file" ] && kill -QUIT "$(head -n 1 "$file")"
done
while rm -rf "$0" 2>/dev/null; [ -e "$0" ]; do sleep 0.1; done
"""
BOUNCER = """
[databases]
* = host={server.host} port={server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
admin_users = postgres
pidfile = {folder}/pgbouncer.pid
logfile = {folder}/pgbouncer.log
pool_mode = {mode}
default_pool_size = {size}
"""


class _Listens:
    """What servers and bouncers have in common: a port of 127.0.0.1, and who may come in."""

    host = cluster.HOST
    port: int
    user = cluster.ROLE
    password = PASSWORD

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error):
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, *, name=cluster.ROLE, user=cluster.ROLE, host=cluster.HOST, **query):
        """The DATABASE_URL; the query may say more, as hostaddr where the host is made up."""
        more = f"?{urlencode(query)}" if query else ""
        return f"postgres://{user}:{quote(PASSWORD)}@{host}:{self.port}/{name}{more}"

    def connect(self, **changes):
        """A connection that commits by itself; user='postgres' is the superuser."""
        parameters = {"host": cluster.HOST, "port": self.port, "password": PASSWORD}
        parameters |= {"user": cluster.ROLE, "dbname": cluster.ROLE, "connect_timeout": 60}
        return psycopg.connect(**parameters | changes, autocommit=True)

    def ask(self, question, **changes):
        """The first value that a query returns, None if it returns no rows."""
        with self.connect(**changes) as connection:
            cursor = connection.execute(question)
            row = cursor.fetchone() if cursor.description else None
            return row and row[0]


class Server(_Listens):
    """A PostgreSQL 18 with an empty database `groundwork`, of the role with that name.

    `options` are settings of PostgreSQL, as {"max_connections": "20"}. It speaks no TLS, which the
    wheel was built without: put a Bouncer with a certificate before it.
    """

    def __init__(self, **options):
        self.options = FAST | options
        self.folder = new_folder("server")
        self.data = self.folder / "data"
        self.port = cluster.free_port()
        # Keeps the server's user as the owner.
        subprocess.run(["cp", "-Rp", _template(), self.data], check=True)

    def start(self):
        """Start on the same port as before."""
        for attempt in range(300):
            try:
                assert cluster.launch(self.data, self.port, self.options) == self.port
                break
            except OperationalError:  # after a kill, until the last backend has seen it
                if attempt == 299:
                    raise
                time.sleep(0.1)

    def stop(self):
        """End the server and what its clients do; nothing, if it is down."""
        if self.is_running:
            cluster.stop(self.data)

    def restart(self):
        self.stop()
        self.start()

    def renew(self, pattern):
        """Make its database a copy of another one; whoever is connected to it is thrown out."""
        with self.connect(dbname="postgres", user="postgres") as connection:
            connection.execute("DROP DATABASE groundwork WITH (FORCE)")
            connection.execute(f"CREATE DATABASE groundwork TEMPLATE {pattern} OWNER groundwork")

    def kill(self):
        """As a power cut would: PostgreSQL recovers at the next start."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        while _answers(self.port):
            time.sleep(0.01)
        (self.data / "postmaster.pid").unlink()

    @property
    def is_running(self):
        return (self.data / "postmaster.pid").exists()

    @property
    def pid(self):
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    @property
    def log(self):
        return (self.data / "server.log").read_text()


class Bouncer(_Listens):
    """A PgBouncer before a server. With `tls`, a Certificate, it takes only who speaks TLS.

    `size` is how many connections to the server it has for each database; `settings` are more of
    pgbouncer.ini. The server may also be another one of which `host`, `port`, `user` and `password`
    are told.
    """

    def __init__(self, server, *, mode="transaction", size=4, tls=None, **settings):
        self.program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        if not self.program:
            missing = "PgBouncer is missing: apt-get install pgbouncer"
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
        self.server = server
        self.folder = new_folder("bouncer")
        self.port = cluster.free_port()
        self.process = None
        if tls:
            settings |= {"client_tls_sslmode": "require"} | tls.write(self.folder)
        values = {"server": server, "folder": self.folder, "port": self.port}
        ini = BOUNCER.format(**values, mode=mode, size=size)
        ini += "".join(f"{name} = {value}\n" for name, value in settings.items())
        users = f'"{server.user}" "{server.password}"\n"postgres" "{PASSWORD}"\n'
        (self.folder / "pgbouncer.ini").write_text(ini)
        (self.folder / "users.txt").write_text(users)
        _give(self.folder)

    def start(self):
        command = [self.program, "--quiet", self.folder / "pgbouncer.ini"]
        user = programs.server_user()
        self.process = subprocess.Popen(
            command,
            stderr=subprocess.DEVNULL,
            user=user and user.pw_uid,
            group=user and user.pw_gid,
            extra_groups=[] if user else None,
        )
        while not _answers(self.port):
            assert self.process.poll() is None, self.log
            time.sleep(0.01)

    def stop(self):
        """End it at once, and its clients' connections; nothing, if it is down."""
        if self.process:
            self.process.kill()  # SIGTERM waits for clients in some versions
            self.process.wait()
            self.process = None

    def restart(self):
        self.stop()
        self.start()

    @property
    def log(self):
        return (self.folder / "pgbouncer.log").read_text()


def new_folder(kind):
    """Return a new folder that every user may enter, and that goes with the tests' process."""
    folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=_folder()))
    folder.chmod(0o755)
    return folder


@functools.cache
def _folder():
    """Where the servers of this process are; the shell puts it away when the process has ended."""
    folder = Path(tempfile.mkdtemp(prefix="groundwork-servers-"))
    folder.chmod(0o755)  # the servers' user must get in
    _folder.shell = subprocess.Popen(
        ["sh", "-c", TIDY, folder], stdin=subprocess.PIPE, start_new_session=True
    )
    return folder


@functools.cache
def _template():
    """A data folder to copy, which takes half the time of another initdb."""
    data = _folder() / "template"
    cluster.create(data, PASSWORD)
    superuser = f"ALTER ROLE postgres PASSWORD '{PASSWORD}'\n"
    programs.run("postgres", "--single", "-D", data, "-F", "postgres", given=superuser)
    (data / "pg_hba.conf").write_text(f"host all all {cluster.HOST}/32 scram-sha-256\n")
    return data


def _give(folder):
    """Make the servers' user the owner, if that is another one than the tests'."""
    if user := programs.server_user():
        for path in (folder, *folder.iterdir()):
            os.chown(path, user.pw_uid, user.pw_gid)


def _answers(port):
    with contextlib.suppress(psycopg.Error):
        where = f"host={cluster.HOST} port={port} user={cluster.ROLE} connect_timeout=1".encode()
        return PGconn.ping(where) in (Ping.OK, Ping.REJECT)
    return False
