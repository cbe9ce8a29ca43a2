"""The ```sh blocks of docs/database.md, run from top to bottom in a fresh clone."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from config.env import BASE_DIR
from config.tests.clone import Clone

pytestmark = pytest.mark.slow

PAGE = (BASE_DIR / "docs/database.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
HIDDEN = {".gitignore", ".env.example"}  # what else begins with a dot is not in the repository
COMMIT = "git init -q && git add -A && git -c user.name=Anna -c user.email= commit -qm Everything"
FOLDER_OF_ROOT = "/var/lib/groundwork-postgres"


@pytest.fixture
def fresh_clone(tmp_path, folder_of_root):
    """What git has just cloned. Its embedded PostgreSQL runs until the test ends."""
    assert shutil.which("git"), "This test needs git: apt install git"
    clone = Clone(tmp_path / "clone", folder_of_root)
    shutil.copytree(BASE_DIR, clone.folder, ignore=not_in_the_repository)
    programs = clone.folder / "config/database/embedded/programs.py"
    text = programs.read_text()
    assert FOLDER_OF_ROOT in text
    programs.write_text(text.replace(FOLDER_OF_ROOT, str(folder_of_root)))
    run(clone.folder, COMMIT)
    with clone.user("development"):  # else each command would start and stop it
        yield clone.folder


def not_in_the_repository(folder, names):
    hidden = {name for name in names if name.startswith(".")} - HIDDEN
    return hidden | {"__pycache__"}


def test_the_commands_work_in_the_order_of_the_page(fresh_clone):
    blocks = BLOCK.findall(PAGE)
    assert blocks
    for block in blocks:
        run(fresh_clone, block)


def test_no_command_stands_in_a_block_that_is_not_run():
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
    assert [text for kind, text in blocks if "manage.py" in text and kind != "sh"] == []


def run(folder, commands):
    """Run them in bash up to the first that fails, with nobody to answer and no variable set."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env={
            "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
            "HOME": str(folder.parent),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
