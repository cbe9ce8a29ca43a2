"""When a connection gets one of gunicorn's threads, of which a process has few: see `Worker`."""

import errno
import re
import selectors
import socket
import struct
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

SPARE_THREADS = 2  # of each process, for health checks alone
HEAD_SECONDS = 20  # from the first byte of a request to the end of its head
BODY_SECONDS = 20  # in which nothing comes of a body that was announced
PARTING_SECONDS = 2  # for whoever got the last answer to close the connection, too
USUAL_HEAD, LONGEST_HEAD = 4096, 65_536  # bytes
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n"

# With nothing to come after it: who sends a body slowly keeps no spare thread busy.
HEALTH_CHECK = re.compile(
    rb"(?:GET|HEAD) /health/(?:live|ready)(?:\?\S*)? HTTP/1\.[01]\r\n"
    rb"(?:(?!content-length|transfer-encoding)[^\r\n]+\r\n)*\r\n",
    re.IGNORECASE,
)


class Worker(ThreadWorker):
    """gunicorn's threads, which slow statements may all keep busy, and some for health checks.

    A thread is given a connection once the head of a request is there. gunicorn's own would wait
    for it in the thread, for ever after the first byte; and where an answer ends the connection, it
    would wait for the other side to close it, up to two seconds each, while nobody else is served.
    """

    spare: ThreadPoolExecutor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.partial_conns: deque[TConn] = deque()  # of whose request a part has come
        self.parting_conns: deque[TConn] = deque()  # which have got their last answer
        self.is_full = False

    def get_thread_pool(self) -> ThreadPoolExecutor:
        self.spare = ThreadPoolExecutor(SPARE_THREADS, thread_name_prefix="health")
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
        """Have a thread read and answer the next request of the connection, once its head is there.

        What is in the parser's buffer has come behind the request before.
        """
        begun = b"" if conn.parser and conn.parser.unreader.buf.getvalue() else _peek(conn.sock)
        if begun is None:
            self._wait(conn, self.pending_conns, self.cfg.keepalive, self._on_first_byte)
        elif _is_whole(begun) or conn.sock.family == socket.AF_UNIX:
            self._submit(conn, begun)
        else:
            conn.begun = 0
            self._wait(conn, self.partial_conns, HEAD_SECONDS, self._on_more)
            self._on_more(conn)

    def finish_request(self, conn: TConn, done: Future[Any]) -> None:
        """Keep the connection for the next request, or end it without waiting for the other side.

        Closed at once, the kernel would take the answer back if there is something left to read.
        """
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

    def _submit(self, conn: TConn, begun: bytes) -> None:
        pool = self.spare if HEALTH_CHECK.fullmatch(begun) else self.tpool
        conn.data_ready = True
        if not conn.initialized:
            _limit_silence(conn.sock)
        work = pool.submit(self.handle, conn)
        work.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def _wait(self, conn: TConn, among: deque[TConn], seconds: float, then: Any) -> None:
        """Call `then` when there is something to read, and end the connection if nothing comes."""
        if not self.alive:
            seconds = min(seconds, STOP_KEEPALIVE_LINGER)
        conn.timeout = time.monotonic() + seconds
        among.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(then, conn))

    def _on_first_byte(self, conn: TConn, _sock: object = None) -> None:
        self._forget(conn, self.pending_conns)
        self.enqueue_req(conn)

    def _on_more(self, conn: TConn, _sock: object = None) -> None:
        """Let a thread read what is whole; else be called again when there is more of it."""
        begun = _peek(conn.sock, LONGEST_HEAD) or b""
        if not _is_whole(begun) and conn.begun < len(begun) < LONGEST_HEAD:
            conn.begun = len(begun)
            return _call_at(conn.sock, len(begun) + 1)
        _call_at(conn.sock, 1)
        self._forget(conn, self.partial_conns)
        if len(begun) == LONGEST_HEAD and not _is_whole(begun):
            with suppress(OSError):
                conn.sock.send(TOO_LONG, socket.MSG_DONTWAIT)
            return self._part(conn)
        self._submit(conn, begun)

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
                is_over = not conn.sock.recv(LONGEST_HEAD)
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
        if self.keepalived_conns and _peek(self.keepalived_conns[0].sock) is None:
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


def _peek(sock: socket.socket, size: int = USUAL_HEAD) -> bytes | None:
    """Return what there is to read without taking it, None if there is nothing yet."""
    try:
        return sock.recv(size, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""  # whoever reads will see


def _is_whole(begun: bytes) -> bool:
    """Whether gunicorn can parse it, or will refuse it, without waiting for more."""
    return not begun or b"\r\n\r\n" in begun or b"\n\n" in begun


def _call_at(sock: socket.socket, size: int) -> None:
    """Have the poller call when so many bytes are there to read, or no more will come."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)


def _limit_silence(sock: socket.socket) -> None:
    """Give up reading a body that has stopped: the form is refused as one that was cut off."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", BODY_SECONDS, 0))
