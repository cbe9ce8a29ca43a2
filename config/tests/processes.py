"""Other processes of this clone, with an environment of their own."""

import os
import subprocess
import sys

from config.env import BASE_DIR

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
    return subprocess.run(
        [sys.executable, *command],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=180,
    )


def printed_by(*command, **variables):
    """Return what the command prints, once it has ended well."""
    done = run(*command, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout
