"""A Valkey that a test may stop, freeze and start again: Debian's, or the Redis it comes from.

    with Valkey() as valkey:
        settings.CACHES = valkey.caches()
        valkey.stop()

It listens on a port of its own and keeps nothing. It ends with its block, and with the process of
the tests, however that ends. Tests that use it are marked `slow`.
"""

import os
import shutil
import signal
import socket
import subprocess
import time

from config import cache
from config.database.embedded import cluster

PROGRAMS = ("valkey-server", "redis-server")
# A shell that waits for the end of its input, which comes with the end of the tests' process.
TIDY = '"$@" >/dev/null 2>&1 & echo $!; cat; kill -CONT $!; kill -KILL $!; wait'


class Valkey:
    def __init__(self, *options):
        """`options` are further ones of the server, as --requirepass, 'secret'."""
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        assert program, f"This test needs a Valkey: apt install {PROGRAMS[0]} (or {PROGRAMS[1]})"
        self.port = cluster.free_port()
        self.command = [program, "--bind", "127.0.0.1", "--port", str(self.port), "--save", ""]
        self.command += ["--dir", "/", *options]
        self.shell = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error):
        self.stop()

    def start(self):
        """Start it, empty, on the same port as before."""
        self.shell = subprocess.Popen(
            ["sh", "-c", TIDY, "sh", *self.command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.pid = int(self.shell.stdout.readline())
        for _ in range(1500):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"{self.command} does not listen after thirty seconds")

    def stop(self):
        """End it and forget what it holds; nothing, if it is down."""
        if self.shell:
            self.shell.communicate()
            self.shell = None

    def freeze(self):
        """Let it take connections and answer nothing, as behind a network that drops packets."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.pid, signal.SIGCONT)

    def url(self, scheme="redis", host="127.0.0.1", login=""):
        return f"{scheme}://{login}{host}:{self.port}/0"

    def caches(self, **changes):
        """What the settings would say of it."""
        return {"default": cache.from_url(self.url(**changes), deployed=True)}
