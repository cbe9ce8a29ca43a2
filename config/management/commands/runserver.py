"""Django's runserver with fewer words and a good end. whitenoise serves the static files.

Django's own reloader kills the server, a quarter of a second after Ctrl-C and at once when it is
itself ended by SIGTERM: before the server could stop the embedded PostgreSQL.
"""

import os
import signal
import subprocess
import sys
from typing import Any

from django.core.management.commands import runserver
from django.utils import autoreload

RELOAD = 3  # the exit code by which Django's autoreloader asks for a new process


class Command(runserver.Command):
    def run(self, **options: Any) -> None:
        leave_in_good_order()
        is_served = os.environ.get(autoreload.DJANGO_AUTORELOAD_ENV) == "true"
        if is_served or not options["use_reloader"]:
            super().run(**options)
            return
        try:
            status = serve(autoreload.get_child_arguments())
        except KeyboardInterrupt:
            self.stdout.write("")  # the terminal shows ^C
            return
        sys.exit(status)

    def inner_run(self, *args: Any, **options: Any) -> None:
        autoreload.raise_last_exception()
        self.check()
        super().inner_run(*args, **{**options, "skip_checks": True})

    def on_bind(self, server_port: int) -> None:
        """Say what `manage.py dev` wants said at its first start; after a reload say nothing."""
        self.stdout.write(os.environ.get("GREETING", f"Serving on port {server_port}"))


def leave_in_good_order() -> None:
    """Take the end of a terminal, and SIGTERM, for Ctrl-C."""
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave)


def serve(command: list[str], **variables: str) -> int:
    """Run the server, and again after each change of the code; return its exit code.

    It is deaf to Ctrl-C, and ended by SIGTERM. A variable GREETING is for its first start alone.
    """
    environment = {**os.environ, autoreload.DJANGO_AUTORELOAD_ENV: "true", **variables}
    while (status := _run(command, environment)) == RELOAD:
        environment["GREETING"] = ""
    return status


def _run(command: list[str], environment: dict[str, str]) -> int:
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = subprocess.Popen(command, env=environment)  # noqa: S603
    signal.signal(signal.SIGINT, heard)
    try:
        return server.wait()
    finally:
        server.terminate()
        server.wait()


def _leave(*_: object) -> None:
    raise KeyboardInterrupt
