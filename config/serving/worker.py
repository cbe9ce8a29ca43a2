"""When a connection gets one of gunicorn's threads, of which a process has few: see `Worker`."""

import errno
import selectors
import socket
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.workers.gthread import (  # type: ignore[import-untyped]
    STOP_KEEPALIVE_LINGER,
    TConn,
    ThreadWorker,
)

from config.serving import arriving
from config.serving.visitor import BODY_SECONDS, Visitor

# Of each process, beside WEB_THREADS:
SPARE_THREADS = 2  # for health checks alone
BODY_THREADS = 4  # for requests that are not whole before somebody reads them, such as uploads
MOST_BODIES = 20  # of those that have a thread, or wait for one

REQUEST_SECONDS = 30  # from the first byte of a request until it is whole
PARTING_SECONDS = 2  # for whoever got the last answer to close the connection, too
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\nConnection: close\r\n\r\n"


class Worker(ThreadWorker):
    """gunicorn's threads, which slow statements may all keep busy, and some for health checks.

    A thread is given a connection once a request is there, and others one that has to be waited
    for. gunicorn's own would wait for any in its threads, for ever after the first byte; and where
    an answer ends the connection, it would wait for the other side to close it, up to two seconds
    each, while nobody else is served.
    """

    spare: ThreadPoolExecutor
    bodies: ThreadPoolExecutor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.partial_conns: deque[TConn] = deque()  # on which something is under way
        self.parting_conns: deque[TConn] = deque()  # which have got their last answer
        self.nr_bodies = 0
        self.is_full = False

    def get_thread_pool(self) -> ThreadPoolExecutor:
        self.spare = ThreadPoolExecutor(SPARE_THREADS, thread_name_prefix="health")
        self.bodies = ThreadPoolExecutor(BODY_THREADS, thread_name_prefix="bodies")
        return super().get_thread_pool()

    def set_accept_enabled(self, enabled: bool) -> None:
        """At the end, let in who has connected already, and have all others turned away at once.

        gunicorn's own would leave them waiting, until the last request of the others is answered.
        """
        is_over = not (enabled or self.alive)
        listeners = [one for one in self.sockets if is_over and one.fileno() >= 0]
        for listener in listeners:
            self._accept_all(listener)
        super().set_accept_enabled(enabled)
        for listener in listeners:
            listener.close()

    def accept(self, listener: socket.socket) -> None:
        """Let somebody in. gunicorn's own would end where there is no descriptor for it."""
        try:
            super().accept(listener)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            self.is_full = True

    def enqueue_req(self, conn: TConn) -> None:
        """Have a thread answer the next request of the connection, once it is there.

        And not before the visitor has read what was answered so far, or most of it.
        """
        begun = arriving.begun(conn)
        if conn.initialized and not conn.sock.has_room():
            room = selectors.EVENT_WRITE
            self._wait(conn, self.partial_conns, REQUEST_SECONDS, self._on_room, room)
        elif begun is None:
            self._wait(conn, self.pending_conns, self.cfg.keepalive, self._on_first_byte)
        elif (is_whole := arriving.is_whole(begun)) or conn.sock.family == socket.AF_UNIX:
            self._submit(conn, begun, is_whole=is_whole)
        else:
            conn.begun = 0
            self._wait(conn, self.partial_conns, REQUEST_SECONDS, self._on_more)
            self._on_more(conn)

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Answer it, and say with the answer if the connection ends with it.

        gunicorn's own ends it behind a long body that nobody read, without a word: a proxy would
        have sent somebody else's request on it, who would get a 502.
        """
        if conn.is_slow:
            req.force_close()
        return bool(super().handle_request(req, conn))

    def finish_request(self, conn: TConn, done: Future[Any]) -> None:
        """Keep the connection for the next request, or end it without waiting for the other side.

        Closed at once, the kernel would take the answer back if there is something left to read.
        """
        self.nr_bodies -= conn.is_slow
        if done.cancelled() or done.exception() or done.result():
            return super().finish_request(conn, done)
        self._part(conn)

    def murder_pending(self) -> None:
        """End what nothing has come on for too long: gunicorn calls this between events."""
        super().murder_pending()
        for conns in (self.partial_conns, self.parting_conns):
            while conns and conns[0].timeout <= time.monotonic():
                self._end(conns[0], conns)
        if self.is_full or self.nr_conns >= self.worker_connections:
            self._make_room()

    def _accept_all(self, listener: socket.socket) -> None:
        before = -1
        while before != self.nr_conns:
            before = self.nr_conns
            self.accept(listener)

    def _submit(self, conn: TConn, begun: bytes, *, is_whole: bool) -> None:
        pool = self.tpool if is_whole else self.bodies
        if is_whole and arriving.HEALTH_CHECK.fullmatch(begun):
            pool = self.spare
        conn.is_slow = not is_whole
        if conn.is_slow and self.nr_bodies >= MOST_BODIES:
            return self._refuse(conn, BUSY)
        self.nr_bodies += conn.is_slow
        conn.data_ready = True
        if not conn.initialized:
            conn.sock = Visitor.on(conn.sock)
        conn.sock.ends = time.monotonic() + BODY_SECONDS
        work = pool.submit(self.handle, conn)
        work.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def _wait(
        self,
        conn: TConn,
        among: deque[TConn],
        seconds: float,
        then: Any,
        event: int = selectors.EVENT_READ,
    ) -> None:
        """Call `then` when there is something to read, or room; end the connection if not soon."""
        if not self.alive:
            seconds = min(seconds, STOP_KEEPALIVE_LINGER)
        conn.timeout = time.monotonic() + seconds
        among.append(conn)
        self.poller.register(conn.sock, event, partial(then, conn))

    def _on_first_byte(self, conn: TConn, _sock: object = None) -> None:
        self._forget(conn, self.pending_conns)
        self.enqueue_req(conn)

    def _on_room(self, conn: TConn, _sock: object = None) -> None:
        self._forget(conn, self.partial_conns)
        self.enqueue_req(conn)

    def _on_more(self, conn: TConn, _sock: object = None) -> None:
        """Let a thread read what is whole; else be called again when there is more of it."""
        begun = arriving.begun(conn) or b""
        needed = arriving.length(begun) or 0
        if conn.begun < len(begun) < needed <= arriving.LONGEST:
            conn.begun = len(begun)
            return arriving.call_at(conn, needed)
        arriving.call_at(conn, 1)
        self._forget(conn, self.partial_conns)
        if needed > arriving.LONGEST:
            return self._refuse(conn, TOO_LONG)
        self._submit(conn, begun, is_whole=arriving.is_whole(begun))

    def _refuse(self, conn: TConn, answer: bytes) -> None:
        with suppress(OSError):
            conn.sock.send(answer, socket.MSG_DONTWAIT)
        self._part(conn)

    def _part(self, conn: TConn) -> None:
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return self._close(conn)
        conn.sock.setblocking(False)
        self._wait(conn, self.parting_conns, PARTING_SECONDS, self._on_parting)

    def _on_parting(self, conn: TConn, _sock: object = None) -> None:
        with suppress(BlockingIOError):
            try:
                is_over = not conn.sock.recv(arriving.LONGEST, socket.MSG_DONTWAIT)
            except ConnectionError:
                is_over = True
            if is_over:
                self._end(conn, self.parting_conns)

    def _make_room(self) -> None:
        """End a connection on which nothing is under way, the one that has waited for longest.

        gunicorn's own would let nobody in: who opens a thousand would have the site for themselves.
        """
        self.is_full = False
        for conns in (self.parting_conns, self.partial_conns, self.pending_conns):
            if conns:
                return self._end(conns[0], conns)
        if self.keepalived_conns and arriving.begun(self.keepalived_conns[0]) is None:
            self._end(self.keepalived_conns[0], self.keepalived_conns)

    def _cap_keepalive(self, deadline: float) -> None:
        """Let those that have sent nothing yet delay the end no longer than the others."""
        super()._cap_keepalive(deadline)
        for conn in (*self.pending_conns, *self.partial_conns):
            conn.timeout = min(conn.timeout, deadline)

    def _forget(self, conn: TConn, among: deque[TConn]) -> None:
        self.poller.unregister(conn.sock)
        among.remove(conn)

    def _end(self, conn: TConn, among: deque[TConn]) -> None:
        self._forget(conn, among)
        self._close(conn)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()
