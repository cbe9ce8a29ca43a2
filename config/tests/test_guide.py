"""docs/adding-a-table.md, followed to the letter in a copy of the tree."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from django.db import connection

from config.env import BASE_DIR

pytestmark = pytest.mark.slow

GUIDE = (BASE_DIR / "docs/adding-a-table.md").read_text()
# A fenced block, and the path that the line before it ends with, if it does: `orgs/roles.py`:
BLOCK = re.compile(
    r"(?:^`(?P<path>[\w./]+)`.*?\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S
)


@pytest.fixture
def clone(tmp_path):
    """A copy of the tree, without what is not in the repository."""
    path = tmp_path / "clone"
    shutil.copytree(BASE_DIR, path, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    return path


@pytest.fixture
def database(db):
    """The URL of an empty database of the guide's own."""
    given = connection.settings_dict
    user, password, host = (quote(given[name], safe="") for name in ("USER", "PASSWORD", "HOST"))
    server, name = f"postgres://{user}:{password}@{host}:{given['PORT']}", f"{given['NAME']}_guide"
    # A run that was killed leaves them behind.
    drop = [f'DROP DATABASE IF EXISTS "{unwanted}"' for unwanted in (name, f"test_{name}")]
    maintain(server, *drop, f'CREATE DATABASE "{name}"')
    yield f"{server}/{name}"
    maintain(server, *drop)


def test_the_guide_works_as_it_is_written(clone, database):
    written = {}
    for step in BLOCK.finditer(GUIDE):
        path, text = clone / (step["path"] or ""), step["text"]
        match step["kind"]:
            case "sh":
                printed = run(text, clone, database)
            case "sql":
                assert "".join(text.split()) == "".join(printed.split())
            case "diff":
                path.write_text(edited(path.read_text(), text))
            case _:
                path.write_text(text)
                written[path] = text
    assert written == {path: path.read_text() for path in written}  # ruff had nothing to format


def edited(text, diff):
    """Return the text with the lines of `+` in the place that the diff's other lines describe."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    assert text.count(before) == 1, f"The guide does not say where this goes:\n{diff}"
    return text.replace(before, after)


def run(commands, clone, database):
    """Run the commands as in the activated environment and return what the last one printed."""
    environment = {
        "DATABASE_URL": database,
        "ENVIRONMENT": "development",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    for command in commands.replace("./bin/test", "ENVIRONMENT=test pytest -q").splitlines():
        done = subprocess.run(
            command, shell=True, cwd=clone, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def maintain(server, *statements):
    """Run the statements one by one, outside a transaction: databases are made and dropped so."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
