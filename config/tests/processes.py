"""Other processes of this clone, with an environment of their own."""

import os
import subprocess

from config.env import BASE_DIR
from config.tests.forked import Forked

# What production cannot start without; its database is one that nobody can reach.
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "correct-horse-battery-staple-and-fifty-more-characters",
    "DATABASE_URL": "postgres://nobody:secret@127.0.0.1:1/none",
    "ALLOWED_HOSTS": "example.com",
    "SITE_URL": "https://example.com",
}


def run(*command, **variables):
    """Run Python with these arguments, these variables and no others; return what it did."""
    environment = {"PATH": os.environ["PATH"], **variables}
    code, output, errors = ended(Forked(*command, folder=BASE_DIR, environment=environment))
    return subprocess.CompletedProcess(command, code, output, errors)


def ended(process):
    """Return exit code, output and errors of a process, which ends within five minutes."""
    try:
        output, errors = process.communicate(timeout=300)
    finally:
        process.kill()
    return process.returncode, output, errors


def printed_by(*command, **variables):
    """Return what the command prints, once it has ended well."""
    done = run(*command, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout
