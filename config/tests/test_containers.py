"""What Dockerfile and config/gunicorn.py promise, read without a Docker engine."""

import fnmatch
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
import yaml

from config.database.embedded import cluster
from config.env import BASE_DIR
from config.serving import starting
from config.tests.processes import PRODUCTION, printed_by

pytestmark = pytest.mark.slow

DOCKERFILE = (BASE_DIR / "Dockerfile").read_text()
IGNORED = [
    line
    for line in (BASE_DIR / ".dockerignore").read_text().splitlines()
    if line and not line.startswith("#")
]


def instructions(text=DOCKERFILE):
    """The Dockerfile as pairs of an instruction and what follows it."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", text))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line]


def is_ignored(path):
    parts = [part.removeprefix("**/") for part in IGNORED]
    return any(fnmatch.fnmatch(piece, part) for piece in Path(path).parts for part in parts)


def test_image_does_not_run_as_root():
    users = [rest for name, rest in instructions() if name in ("FROM", "USER")]
    assert users[-1] == "10001"


def test_image_holds_what_production_needs_and_no_more():
    installs = [
        rest
        for name, rest in instructions()
        if name == "RUN" and " install " in rest and "pip" in rest
    ]
    assert [re.findall(r"-r (\S+)", install) for install in installs] == [["requirements.txt"]]


def test_production_imports_nothing_that_only_developers_have():
    lines = (BASE_DIR / "requirements-dev.txt").read_text().splitlines()
    names = {line.split("==")[0].lower().replace("-", "_") for line in lines if "==" in line}
    loaded = json.loads(
        printed_by(
            "-c",
            "import json, sys, config.wsgi, django.urls; "
            "django.urls.get_resolver().url_patterns; print(json.dumps(sorted(sys.modules)))",
            **PRODUCTION,
        )
    )
    assert {"django", "psycopg", "whitenoise"} <= set(loaded)
    assert not names & set(loaded)


def test_image_keeps_no_secret():
    kept = [rest for name, rest in instructions() if name in ("ENV", "ARG", "LABEL")]
    assert not re.search("SECRET|PASSWORD|TOKEN|KEY|DATABASE_URL", " ".join(kept))


@pytest.mark.parametrize("path", [".git", ".env", ".env.production.local", ".venv", ".postgres"])
def test_image_takes_nothing_private_from_the_clone(path):
    assert is_ignored(path)


def test_everything_that_the_image_copies_is_there():
    copied = [rest.split() for name, rest in instructions() if name == "COPY"]
    sources = [path for words in copied if "--from" not in words[0] for path in words[:-1]]
    assert sources
    for path in sources:
        assert (BASE_DIR / path).exists()
        assert not is_ignored(path)


def test_image_and_procfile_start_the_same_server():
    procfile = yaml.safe_load((BASE_DIR / "Procfile").read_text())
    [command] = [json.loads(rest) for name, rest in instructions() if name == "CMD"]
    assert command == shlex.split(procfile["web"])


@pytest.fixture
def gunicorn(tmp_path):
    """gunicorn with our settings, another application and a home; it has `port`, and stops here."""
    port = cluster.free_port()
    options = f"--config config/gunicorn.py --bind 127.0.0.1:{port} --workers 1 --log-level debug"
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options.split(), "wsgiref.simple_server:demo_app"],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    process.port = until_it_listens(process, port)
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def until_it_listens(process, port):
    for _ in range(1200):
        assert process.poll() is None, process.stdout.read()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionError:
            time.sleep(0.05)
        else:
            return port
    raise AssertionError("gunicorn does not listen after a minute")


def is_healthy(port):
    """Whether the image's own health check would say so."""
    [check] = [rest for name, rest in instructions() if name == "HEALTHCHECK"]
    _python, *arguments = json.loads(check.partition("CMD ")[2])
    environment = {"PATH": os.environ["PATH"], "PORT": str(port)}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, check=False
    )
    return done.returncode == 0


def test_server_is_healthy_does_not_name_itself_and_stops_in_good_order(gunicorn, tmp_path):
    connection = HTTPConnection("127.0.0.1", gunicorn.port)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.getheader("Date")
    assert answer.getheader("Server") is None
    connection.close()
    assert is_healthy(gunicorn.port)
    assert not is_healthy(1)

    gunicorn.send_signal(signal.SIGTERM)
    out, _ = gunicorn.communicate(timeout=60)
    assert gunicorn.returncode == 0
    assert "Control socket disabled" in out
    assert list(tmp_path.iterdir()) == []  # the home folder


def test_server_does_not_start_before_the_static_files_are_collected(settings, tmp_path):
    settings.DEPLOYED, settings.STATIC_ROOT = True, tmp_path
    with pytest.raises(SystemExit, match=r"staticfiles.json is missing: run manage.py collect"):
        starting.check_collected()
    (tmp_path / "staticfiles.json").touch()
    starting.check_collected()
