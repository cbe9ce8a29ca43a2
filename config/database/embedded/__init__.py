"""The PostgreSQL that comes with the development requirements, for who has set no DATABASE_URL.

A clone has two servers, one for development and one for tests with durability off. They start with
the first connection (base.py) and stop with the last process that used them:
whoever uses a server holds a shared lock on `users.lock`, and who can lock it exclusively is alone.
The kernel drops the locks of a killed process, so its server serves the next one and stops then.

`.postgres/<purpose>/` has the locks, the port and password in `server.json`, and the data. For root
the data lies elsewhere: the server runs as `nobody`, who may not be able to enter the clone.
`/var/lib/groundwork-postgres/` then has the data of each clone, and PostgreSQL's programs.
"""

import atexit
import contextlib
import fcntl
import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any, Literal, NamedTuple

from django.db.utils import OperationalError

from config.database.embedded import cluster, folders, leftovers, programs
from config.env import SettingError

type Purpose = Literal["development", "test"]

FOLDER = Path(__file__).resolve().parents[3] / ".postgres"
OPTIONS: dict[Purpose, dict[str, str]] = {
    "development": {},
    "test": {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"},
}


class Server(NamedTuple):
    port: int
    password: str


class Hold(NamedTuple):
    """What a process keeps while it uses a server: `users` is the locked file's descriptor."""

    data: Path
    port: int
    users: int


_holds: dict[Purpose, Hold] = {}


def settings(purpose: Purpose) -> dict[str, Any]:
    """The entry of Django's DATABASES for this clone's server. Starts nothing.

    Raises SettingError if another user made the clone's `.postgres`.
    """
    try:
        server = _server(_folder(purpose))
    except PermissionError as error:
        raise SettingError(
            f"{error.filename} cannot be read or written: another user made it. "
            "Run this as that user, delete the folder .postgres, or set DATABASE_URL."
        ) from error
    return {
        "ENGINE": "config.database.embedded",
        "EMBEDDED": purpose,
        "HOST": cluster.HOST,
        "PORT": server.port,
        "NAME": cluster.ROLE,
        "USER": cluster.ROLE,
        "PASSWORD": server.password,
    }


def start(purpose: Purpose) -> int:
    """Start the server unless it runs, keep it while this process lives, and return its port.

    Raises OperationalError with a sentence to act on if that is not possible.
    """
    if purpose not in _holds:
        folder = _folder(purpose)
        server = _server(folder)
        with folders.locked(folder):
            if purpose not in _holds:  # another thread may have been quicker
                _holds[purpose] = _join(purpose, folder, server)
                atexit.register(_leave, purpose)
    return _holds[purpose].port


def _join(purpose: Purpose, folder: Path, server: Server) -> Hold:
    data = _data(folder, server)
    if not data.exists():
        cluster.create(data, server.password)
    if programs.server_user():
        leftovers.remember(data, folder)
    cluster.check_version(data)
    port = cluster.listening_port(data) or cluster.launch(data, server.port, OPTIONS[purpose])
    if port != server.port:
        _write(folder, server._replace(port=port))
    users = folders.open_lock(folder / "users.lock")
    fcntl.flock(users, fcntl.LOCK_SH)
    return Hold(data, port, users)


def _leave(purpose: Purpose) -> None:
    """Let go of the server, and stop it if nobody else uses it."""
    folder, hold = _folder(purpose), _holds.pop(purpose)
    with folders.locked(folder):
        # Closed and opened again, because a forked process shares the lock of its parent: turning
        # that one into an exclusive lock would look as if nobody else were there.
        os.close(hold.users)
        users = folders.open_lock(folder / "users.lock")
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if cluster.listening_port(hold.data):
                cluster.stop(hold.data)
        os.close(users)


def _folder(purpose: Purpose) -> Path:
    folder = FOLDER / purpose
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _server(folder: Path) -> Server:
    """The port and the password of this folder, chosen once."""
    file = folder / "server.json"
    if not file.exists():
        with folders.locked(folder):
            if not file.exists():
                _write(folder, Server(cluster.free_port(), secrets.token_hex(16)))
    return Server(**json.loads(file.read_text()))


def _write(folder: Path, server: Server) -> None:
    unfinished = folder / "server.json.unfinished"
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(server._asdict()))
    unfinished.replace(folder / "server.json")


def _data(folder: Path, server: Server) -> Path:
    data = folder / "data"
    if not programs.server_user():
        return data
    if data.exists():
        raise OperationalError(f"{folder} was made by another user: run this as that user.")
    # A moved clone keeps its rows, and a copied one gets its own, for it has another inode.
    password = hashlib.sha256(server.password.encode()).hexdigest()
    return programs.folder_of_root() / f"data-{folder.stat().st_ino}-{password[:8]}"
