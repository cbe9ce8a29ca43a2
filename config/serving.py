"""How gunicorn serves with us: health checks never wait for a thread, and an end is announced."""

import os
import selectors
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from config import draining

SPARE_THREADS = 2  # of each process, for health checks alone
LONGEST_HEAD = 4096  # bytes of a health check
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


class Worker(ThreadWorker):
    """gunicorn's threads, which slow statements may all keep busy, and some for health checks.

    A thread is given a connection once there is something to read. gunicorn's own would wait for it
    in the thread, for five seconds: a browser that connects ahead of time keeps nobody waiting.
    """

    spare: ThreadPoolExecutor

    def get_thread_pool(self) -> ThreadPoolExecutor:
        self.spare = ThreadPoolExecutor(SPARE_THREADS, thread_name_prefix="health")
        return super().get_thread_pool()

    def set_accept_enabled(self, enabled: bool) -> None:
        """At the end, let in who has connected already, and have all others turned away at once.

        gunicorn's own would leave them waiting, until the last request of the others is answered.
        """
        is_over = not (enabled or self.alive)
        for listener in self.sockets if is_over else ():
            self._accept_all(listener)
        super().set_accept_enabled(enabled)
        for listener in self.sockets if is_over else ():
            listener.close()

    def enqueue_req(self, conn: TConn) -> None:
        """Have a thread read and answer the next request of the connection."""
        begun = _peek(conn.sock)
        if begun is None and not conn.initialized:
            return self._wait_for_request(conn)
        pool = self.spare if begun and _is_health_check(begun) else self.tpool
        work = pool.submit(self.handle, conn)
        work.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def _accept_all(self, listener: socket.socket) -> None:
        before = -1
        while before != self.nr_conns:
            before = self.nr_conns
            self.accept(listener)

    def _wait_for_request(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        begun = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, begun)

    def _cap_keepalive(self, deadline: float) -> None:
        """Let those that have sent nothing yet delay the end no longer than the others."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)


def _peek(sock: socket.socket) -> bytes | None:
    """Return what there is to read without taking it, None if there is nothing yet."""
    try:
        return sock.recv(LONGEST_HEAD, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""  # whoever reads will see


def _is_health_check(begun: bytes) -> bool:
    """Whether it is a whole one: who sends the rest slowly keeps no spare thread busy."""
    return begun.startswith((b"GET /health/", b"HEAD /health/")) and b"\r\n\r\n" in begun
