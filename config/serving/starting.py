"""What has to be there before the first process starts."""

import sys

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]

from config.serving import draining


def begin(arbiter: Arbiter) -> None:
    """Do what comes before the first process: gunicorn calls this once it has read the code."""
    if settings.configured:
        check_collected()
    draining.announce(arbiter)


def check_collected() -> None:
    """Stop the start where every page would fail, for want of the names of its style sheets."""
    manifest = settings.STATIC_ROOT / ManifestStaticFilesStorage.manifest_name
    if settings.DEPLOYED and not manifest.exists():
        sys.exit(f"{manifest} is missing: run manage.py collectstatic --no-input first.")
