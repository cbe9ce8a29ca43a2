"""One data folder of PostgreSQL (a cluster, in its words) and the server that runs on it."""

import os
import secrets
import socket
import time
from pathlib import Path

from django.db.utils import OperationalError
from psycopg.pq import PGconn, Ping

from config.database.embedded import folders, programs

HOST = "127.0.0.1"
ROLE = "groundwork"  # also the name of its database

# Given at every start, so that a change here reaches the data folders that exist. Statements that
# fail stay out of the log: they may hold a session key or an address.
OPTIONS = {"listen_addresses": HOST, "unix_socket_directories": "", "log_min_messages": "log"}


def create(data: Path, password: str) -> None:
    """Make the data folder, the application's role and its database.

    Nobody can sign in as the superuser `postgres`: `pg_hba.conf` lets in the role alone.
    """
    # Nothing here waits for the disk: what a power cut spoils in the first seconds is made again.
    flags = ["--no-sync", "--username=postgres", "--auth=reject", "--encoding=UTF8", "--no-locale"]
    flags += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    role = f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'\n"
    database = f"CREATE DATABASE {ROLE} OWNER {ROLE}\n"
    # Written by the server's user: root must not write where another could put a link.
    rule = f"host all {ROLE} {HOST}/32 scram-sha-256"
    authentication = f"COPY (SELECT '{rule}') TO PROGRAM 'cat > pg_hba.conf'\n"
    with folders.made_whole(data) as new:
        if user := programs.server_user():
            os.chown(new, user.pw_uid, user.pw_gid)
        programs.run("initdb", *flags, "--pgdata", new)
        alone = ("--single", "-D", new, "-c", "exit_on_error=on", "-F", "postgres")
        programs.run("postgres", *alone, given=role + database + authentication)


def launch(data: Path, port: int, options: dict[str, str]) -> int:
    """Start the server on this port, or on a free one if another program has it; return it."""
    log = data / "server.log"
    log.unlink(missing_ok=True)
    # Left by a kill -9 or a power cut. By now its number may be that of any other process, and
    # PostgreSQL would refuse to start.
    (data / "postmaster.pid").unlink(missing_ok=True)
    port = port if _is_free(port) else free_port()
    given = OPTIONS | options | {"port": str(port)}
    flags = " ".join(f"-c {name}={value}" for name, value in given.items())
    try:
        programs.run("pg_ctl", "start", "--pgdata", data, "--log", log, "--options", flags)
    except OperationalError as error:
        if not log.exists():
            raise
        end = log.read_text().splitlines()[-10:]
        raise OperationalError("\n".join([str(error), f"The end of {log}:", *end])) from error
    return port


def stop(data: Path) -> None:
    """Stop the server, ending what its clients still do."""
    programs.run("pg_ctl", "stop", "--pgdata", data, "--mode", "fast")


def listening_port(data: Path) -> int | None:
    """The port of the server that runs on this data, after waiting for one that starts or stops.

    Neither the pid file nor the process is enough to tell: the file may be an old one or a copy
    from another clone, the number another process's by now, the process killed but not reaped.
    """
    try:
        pid, folder, _started, port, *_ = (data / "postmaster.pid").read_text().splitlines()
        os.kill(int(pid), 0)
        if not data.samefile(folder):
            return None
    except (OSError, ValueError):
        return None
    where = f"host={HOST} port={port} user={ROLE} connect_timeout=5".encode()
    for _ in range(600):
        if (answer := PGconn.ping(where)) != Ping.REJECT:
            return int(port) if answer == Ping.OK else None
        time.sleep(0.1)
    raise OperationalError(f"PostgreSQL has been starting or stopping for a minute: {data}")


def check_version(data: Path) -> None:
    """Raise OperationalError if another major version of PostgreSQL made this folder."""
    if (found := (data / "PG_VERSION").read_text().strip()) != programs.MAJOR:
        raise OperationalError(
            f"{data} belongs to PostgreSQL {found}, and this project runs PostgreSQL "
            f"{programs.MAJOR}. Dump the rows with PostgreSQL {found} if you need them, then "
            "delete the folder."
        )


def free_port() -> int:
    """A free port below those that the kernel lends to outgoing connections (from 32,768)."""
    while not _is_free(port := 20_000 + secrets.randbelow(12_000)):
        pass
    return port


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True
