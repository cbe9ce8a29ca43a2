"""Python processes that have Django imported already, which saves each a second of work.

They are forked from a server that has imported what needs no settings: no model, nothing that asks
django.conf. So each reads an environment of its own, as a new one would.
"""

import atexit
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile

FORKS = multiprocessing.get_context("forkserver")
IMPORTED = [
    "django.contrib.admin.options",
    "django.contrib.postgres.search",
    "django.core.management.commands.makemigrations",
    "django.core.management.commands.migrate",
    "django.db.backends.postgresql.base",
    "django.test",
    "cryptography.x509",
    "fido2.server",
    "PIL.ImageOps",
    "psycopg_pool",
    "qrcode",
    "requests",
]
FORKS.set_forkserver_preload([*IMPORTED, __name__, "config.tests.clone"])


class Forked:
    """`python` with these arguments: a file, -c and code, or -m and a module. Much as Popen.

    What it writes is read once it has ended.
    """

    def __init__(self, *arguments, folder, environment):
        self.written = [tempfile.NamedTemporaryFile("r") for _ in ("output", "errors")]  # noqa: SIM115
        names = [file.name for file in self.written]
        arguments = [str(argument) for argument in arguments]
        self.process = FORKS.Process(
            target=_run, args=(arguments, folder, environment, names), daemon=True
        )
        self.process.start()
        self.pid, self.kill = self.process.pid, self.process.kill

    @property
    def returncode(self):
        """Its exit code, or the negative number of the signal that ended it; None while it runs."""
        return self.process.exitcode

    def communicate(self, timeout):
        """Wait for its end, and return what it wrote: output and errors."""
        self.process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("a forked Python", timeout)
        return [file.read() for file in self.written]


def _run(arguments, folder, environment, written):
    for number, name in zip((1, 2), written, strict=True):
        with open(name, "a") as file:
            os.dup2(file.fileno(), number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    try:
        match arguments:
            case ["-c", code, *rest]:
                sys.argv = ["-c", *rest]
                exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
            case ["-m", module, *rest]:
                sys.argv = [module, *rest]
                runpy.run_module(module, run_name="__main__", alter_sys=True)
            case [file, *_]:
                sys.argv = arguments
                runpy.run_path(file, run_name="__main__")
    finally:
        atexit._run_exitfuncs()  # multiprocessing ends its processes without
