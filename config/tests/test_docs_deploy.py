"""The backup script of docs/deploy.md, run as its timer would, and what cron hands it."""

import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.env import BASE_DIR
from config.tests.processes import PRODUCTION, printed_by
from config.tests.servers import Server

pytestmark = pytest.mark.slow

PAGE = (BASE_DIR / "docs/deploy.md").read_text()
[SCRIPT] = re.findall(r"^```bash\n(#!/bin/sh\n.*?)^```$", PAGE, re.M | re.S)
[CRON] = re.findall(r"^```text\n(PATH=.*?)^```$", PAGE, re.M | re.S)


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "groundwork-backup"
    path.write_text(SCRIPT)
    path.chmod(0o755)
    return path


def backup(script, **variables):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        [script],
        env=PRODUCTION | {"PATH": path, "SITE": str(BASE_DIR), **variables},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_backup_is_made_tried_and_kept_for_a_month(script, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    for name, days in ("old.dump", 32), ("recent.dump", 2):
        (folder / name).touch()
        os.utime(folder / name, times=(time.time() - days * 86_400,) * 2)
    with Server() as server:
        server.ask("ALTER ROLE groundwork CREATEDB", user="postgres")
        printed_by("manage.py", "migrate", **PRODUCTION | {"DATABASE_URL": server.url()})
        done = backup(script, DATABASE_URL=server.url(), BACKUPS=str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "can be restored" in done.stdout
    made = [path for path in folder.iterdir() if path.name != "recent.dump"]
    assert any(path.suffix == ".dump" and path.stat().st_size for path in made)
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}


def test_a_backup_that_fails_ends_the_service_with_a_failure(script, tmp_path):
    folder = tmp_path / "backups"
    done = backup(script, BACKUPS=str(folder))  # nobody answers there
    assert done.returncode == 1
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("line", CRON.splitlines()[1:])
def test_cron_hands_the_settings_on(line, tmp_path):
    settings = tmp_path / "groundwork.env"
    settings.write_text("ENVIRONMENT=production\nDEFAULT_FROM_EMAIL='Ground <hello@example.com>'\n")
    *_, command = line.split(maxsplit=6)
    command = command.replace("/etc/groundwork.env", str(settings))
    command = re.sub("/usr/local/bin/groundwork-backup|cd .* && python .*", "env", command)
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
    )
    printed = {*done.stdout.splitlines()}
    assert {"ENVIRONMENT=production", "DEFAULT_FROM_EMAIL=Ground <hello@example.com>"} < printed
