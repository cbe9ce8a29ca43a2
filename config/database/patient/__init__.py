"""How long this process waits for a database that says nothing: a few seconds, and once that it
is away is known, not at all.

PostgreSQL's limits end what is slow, and TCP notices a network that is gone. Neither helps where a
server, or what stands before it, takes our words and never answers.
"""

import contextlib
import socket
import threading
import time
from typing import Any

import psycopg
from psycopg.errors import _WaitTimeout
from psycopg_pool import ConnectionPool, PoolTimeout

ASK_AFTER = 3.0  # seconds for a statement, until we ask whether anybody is there
ANSWER = 2.0  # seconds for that, and for the check of a connection before it is used
BRIEFLY = 0.3  # seconds for anything while it is known to be away
PAUSES = (0.1, 0.2, 0.4)  # seconds between attempts to connect
ASK_FOR_TLS = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"  # to which every server answers, before a sign-in

_away = threading.Event()


def is_away() -> bool:
    """Return whether the server did not answer when this process last asked."""
    return _away.is_set()


class Silence(psycopg.OperationalError):
    """The server did not answer, and whoever asked has given up."""


class Connection(psycopg.Connection[Any]):
    """One whose server is asked for a sign of life if it does not answer a statement soon."""

    last_attempt_failed = False  # of this process to connect; or is still under way
    refusal = ""  # in the server's words, if that was why
    longest = float("inf")  # seconds for a statement, whatever signs of life there are
    at_most: float | None = None  # seconds for the statement at hand

    @classmethod
    def connect(cls, *args: Any, **kwargs: Any) -> Any:
        """Try again a few times: a server that restarts is back before the pool's next attempt."""
        Connection.last_attempt_failed = True
        for pause in PAUSES:
            with contextlib.suppress(psycopg.OperationalError):
                return cls._connected(*args, **kwargs)
            time.sleep(pause)
        return cls._connected(*args, **kwargs)

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Raise Silence, and be of no more use, if the server is not there any more."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        ends = time.monotonic() + self.longest
        rest = gen
        while True:
            try:
                return super().wait(rest, interval, self.at_most or ASK_AFTER)
            except _WaitTimeout:
                if self.at_most or time.monotonic() > ends or not _answers(self.info):
                    break
            rest = _rest_of(gen)
        _away.set()
        self.pgconn.finish()
        raise Silence("the server has fallen silent")

    def check(self) -> bool:
        """Return whether the server answers on this connection now."""
        self.at_most = BRIEFLY if is_away() else ANSWER
        try:
            ConnectionPool.check_connection(self)
        except psycopg.OperationalError:
            return False
        self.at_most = None
        return True

    @classmethod
    def _connected(cls, *args: Any, **kwargs: Any) -> Any:
        try:
            connection = super().connect(*args, **kwargs)
        except psycopg.OperationalError as error:
            Connection.refusal = str(error).partition("FATAL:")[2].partition("\n")[0].strip()
            raise
        Connection.last_attempt_failed = False
        return connection


class Pool(ConnectionPool[Connection]):
    """psycopg's pool, in which nobody waits for a server that is known to be away.

    While it restarts, everybody waits. But once somebody has waited in vain, and it was not because
    others have all connections, waiting would only keep threads from those that need no database.
    The pool goes on trying to connect, and who comes then is served.
    """

    def getconn(self, timeout: float | None = None) -> Connection:
        """Return a connection on which the server answers. Raises PoolTimeout.

        psycopg's own checks would pause for a second after one that is broken.
        """
        timeout = self.timeout if timeout is None else timeout
        patience = BRIEFLY if is_away() else timeout
        ends = time.monotonic() + patience
        try:
            while not (connection := super().getconn(ends - time.monotonic())).check():
                self.putconn(connection)
        except PoolTimeout:
            if Connection.last_attempt_failed:
                _away.set()
            away = Connection.refusal or "the server does not answer"
            raise PoolTimeout(
                f"{away if is_away() else 'all are in use'}, after {patience:.1f} s"
            ) from None
        _away.clear()
        return connection


def _rest_of(gen: Any) -> Any:
    """Yield what psycopg's generator goes on to wait for.

    A wait begins without telling it what is ready. One that has begun to send a long statement
    asks that, and is told: nothing so far.
    """
    ready = 0
    while True:
        try:
            wanted = gen.send(ready)
        except StopIteration as end:
            return end.value
        ready = yield wanted


def _answers(info: psycopg.ConnectionInfo) -> bool:
    """Whether whoever is at the other end of this connection talks to anybody."""
    try:
        with _connected(info) as probe:
            probe.sendall(ASK_FOR_TLS)
            return bool(probe.recv(1))
    except OSError:
        return False


def _connected(info: psycopg.ConnectionInfo) -> socket.socket:
    if not info.host.startswith("/"):
        return socket.create_connection((info.hostaddr or info.host, info.port), ANSWER)
    probe = socket.socket(socket.AF_UNIX)
    probe.settimeout(ANSWER)
    probe.connect(f"{info.host}/.s.PGSQL.{info.port}")
    return probe
