"""What gunicorn looks at before it starts, and how it announces its end."""

import os
import signal
import sys
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from config import draining

GRACE = 25  # seconds from SIGTERM to the end: less than the 30 after which most platforms kill


def drain_seconds() -> int:
    """Return for how long the server still takes requests once it has announced its end."""
    return int(os.environ.get("DRAIN_SECONDS", "5"))


def graceful_seconds() -> int:
    """Return what is left after that for the requests that are under way."""
    return max(GRACE - drain_seconds(), 5)


def begin(arbiter: Arbiter) -> None:
    """Do what comes before the first process: gunicorn calls this once it has read the code."""
    if settings.configured:
        check_collected()
    announce_the_end(arbiter)


def check_collected() -> None:
    """Stop the start where every page would fail, for want of the names of its style sheets."""
    manifest = settings.STATIC_ROOT / ManifestStaticFilesStorage.manifest_name
    if settings.DEPLOYED and not manifest.exists():
        sys.exit(f"{manifest} is missing: run manage.py collectstatic --no-input first.")


def announce_the_end(arbiter: Arbiter) -> None:
    """Have SIGTERM first say 'not ready', and stop the server a few seconds later.

    A load balancer goes on sending until its next check: stopping at once would turn away what
    comes meanwhile. A second SIGTERM stops at once, and SIGINT as ever.
    """
    stop, seconds = arbiter.handle_term, drain_seconds()

    def handle_term() -> None:
        if draining.has_begun() or not seconds:
            stop()
        draining.begin()
        signal.signal(signal.SIGALRM, lambda *_: arbiter.signal(signal.SIGTERM, None))
        signal.alarm(seconds)

    arbiter.handle_term = handle_term


def close_if_draining(_worker: ThreadWorker, request: Any) -> None:
    """Say with an answer that the connection ends with it: the next one leads to another server."""
    if draining.has_begun():
        request.force_close()
