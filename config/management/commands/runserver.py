"""Django's runserver with fewer words. whitenoise serves the static files."""

import os
from typing import Any

from django.core.management.commands import runserver
from django.utils import autoreload


class Command(runserver.Command):
    def inner_run(self, *args: Any, **options: Any) -> None:
        autoreload.raise_last_exception()
        self.check()
        super().inner_run(*args, **{**options, "skip_checks": True})

    def on_bind(self, server_port: int) -> None:
        """Say what `manage.py dev` wants said at its first start; after a reload say nothing."""
        self.stdout.write(os.environ.get("GREETING", f"Serving on port {server_port}"))
