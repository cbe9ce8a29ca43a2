"""PostgreSQL's own programs (pg_dump, pg_restore, psql) on the site's own connection.

They are told what Django connects with, TLS and all, and never less. The password goes into the
environment of the program: that is as hidden as DATABASE_URL is in ours, from everybody but this
user and root, while a password file would outlive a `kill -9`.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import psycopg
from django.conf import settings
from django.core.management.base import CommandError
from django.db import OperationalError
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo

from config.database.embedded import programs

HIDDEN = {option.keyword.decode() for option in Conninfo.get_defaults() if option.dispchar == b"*"}
# Where programs, certificates and password files are found; none of the site's own secrets.
KEPT = {"HOME", "PATH", "LD_LIBRARY_PATH", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"}


def database() -> dict[str, Any]:
    """Return the entry of DATABASES to connect with: past the pooler, if there is one.

    These programs set things for their session, as an empty search path. Behind a pooler that hands
    each transaction another connection those would meet the requests of the site, and theirs the
    programs. Raises CommandError if nothing leads past it.
    """
    if settings.DATABASE_DIRECT:
        return dict(settings.DATABASE_DIRECT)
    entry: dict[str, Any] = settings.DATABASES["default"]
    if entry["DISABLE_SERVER_SIDE_CURSORS"]:
        raise CommandError(
            "PostgreSQL's programs change settings of the connection, which behind a pooler is "
            "everybody's: set DATABASE_DIRECT_URL to an address of the database itself."
        )
    return entry


def find(name: str, connection: psycopg.Connection) -> Path:
    """Return the newest program of this name, on PATH or from the wheel, that can serve.

    It must not be older than the server. The wheel's cannot speak TLS, and so serves only where
    the site's own connection goes without. Raises CommandError that says what to install.
    """
    on_path = shutil.which(name)
    found = {_major(Path(on_path)): Path(on_path)} if on_path else {}
    if not connection.pgconn.ssl_in_use and (program := _of_wheel(name)):
        found.setdefault(_major(program), program)
    needed = connection.info.server_version // 10000
    if max(found, default=0) < needed:
        raise CommandError(_missing(name, needed, found, tls=connection.pgconn.ssl_in_use))
    return found[max(found)]


@dataclass(frozen=True)
class Run:
    """A program that runs, and what it `said` on stderr."""

    process: subprocess.Popen[bytes]
    said: IO[bytes]

    @property
    def input(self) -> IO[bytes]:
        """What it reads, if it was started with stdin=PIPE."""
        return cast("IO[bytes]", self.process.stdin)

    @property
    def output(self) -> IO[bytes]:
        """What it writes, if it was started with stdout=PIPE."""
        return cast("IO[bytes]", self.process.stdout)

    def still_going(self, seconds: float) -> bool:
        """Wait so long at most, and return whether it has not ended yet."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def finish(self) -> None:
        """Wait for its end; raises CommandError, with its own error, unless that is a good one."""
        if code := self.process.wait():
            self.said.seek(0)
            said = self.said.read().decode(errors="replace")
            name = Path(str(self.process.args[0])).name  # type: ignore[index]
            raise CommandError(f"{name} could not go on: {_why(code, said)}.")


@contextlib.contextmanager
def running(
    program: Path, *arguments: str | Path, to: dict[str, Any] | None = None, **streams: Any
) -> Iterator[Run]:
    """Run the program during this block, and kill it if it has not ended then.

    It connects `to` these parameters of libpq. It is in a session of its own: Ctrl-C reaches this
    process alone, which knows what to do then.
    """
    command, environment = [str(program), *map(str, arguments)], _environment()
    if to is not None:
        shown, hidden = told(to)
        command += ["--no-password", f"--dbname={shown}"]
        environment |= hidden
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603
            command, env=environment, stderr=said, start_new_session=True, **streams
        )
        try:
            yield Run(process, said)
        finally:
            process.kill()
            process.wait()
            for stream in filter(None, (process.stdin, process.stdout)):
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def told(parameters: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return what a program is told of these parameters of libpq: in words, and in variables."""
    shown = {name: value for name, value in parameters.items() if name not in HIDDEN}
    return make_conninfo(**shown), _hidden(parameters)


def _why(code: int, said: str) -> str:
    if code < 0:
        return f"{signal.Signals(-code).name} ended it"
    errors = re.findall(r"(?:error|ERROR|FATAL): +(.+)", said)
    return errors[0].rstrip(".") if errors else f"it ended with {code}"


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k in KEPT or k.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _hidden(parameters: dict[str, Any]) -> dict[str, str]:
    hidden = {name for name in HIDDEN & parameters.keys() if parameters[name]}
    if others := sorted(hidden - {"password"}):
        raise CommandError(
            f"DATABASE_URL has {' and '.join(others)}, which PostgreSQL's programs take only where "
            "everybody on this machine could read it: use a key without a password."
        )
    return {"PGPASSWORD": str(parameters["password"])} if hidden else {}


def _of_wheel(name: str) -> Path | None:
    try:
        program = programs.program(name)
    except OperationalError:
        return None
    return program if program.exists() else None


def _major(program: Path) -> int:
    said = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    version = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(version[1]) if version else 0


def _missing(name: str, needed: int, found: Iterable[int], *, tls: bool) -> str:
    there = f"the one found is of {max(found)}" if found else "there is none on the PATH"
    if tls and not found:
        there += " (the one from the Python package speaks no TLS)"
    return (
        f"{name} of PostgreSQL {needed} or newer is needed, as the server is of {needed}, and "
        f"{there}: install postgresql-client-{needed} (https://www.postgresql.org/download/)."
    )
