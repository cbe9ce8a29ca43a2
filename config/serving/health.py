"""For load balancers: /health/live says that the process runs, /health/ready that it can serve.

A middleware answers them before anything else: the balancer asks by address, without TLS, a session
or a name in ALLOWED_HOSTS.
"""

import logging
from collections.abc import Callable
from threading import Lock

import psycopg
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from config.database.pending import pending_migrations
from config.serving import draining

TIMEOUT = 2  # seconds to wait for a connection, less than a balancer waits for the answer

logger = logging.getLogger(__name__)


class HealthMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.migrated = False  # once it was, this process's code never waits for a migration again
        self.was_ready, self.asking = False, Lock()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in ("/health/live", "/health/ready"):
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        healthy = request.path_info == "/health/live" or self.is_ready()
        response = HttpResponse(
            "ok" if healthy else "unavailable",
            status=200 if healthy else 503,
            content_type="text/plain",
            headers={"Cache-Control": "no-store"},
        )
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response

    def is_ready(self) -> bool:
        """Whether the database answers and has every migration; if not, the log says why.

        A server that is about to end is not ready either: who asks sends its visitors elsewhere.
        Who asks while somebody else does is told what was found before: one thread waits, not all
        that there are for health checks.
        """
        if draining.has_begun():
            return False
        if self.asking.acquire(blocking=False):
            try:
                self.was_ready = self._is_there()
            finally:
                self.asking.release()
        return self.was_ready

    def _is_there(self) -> bool:
        try:
            _ask_database()
            self.migrated = self.migrated or not pending_migrations()
        except (DatabaseError, psycopg.Error) as error:
            logger.error("Not ready: %s", error)
            return False
        if not self.migrated:
            logger.error("Not ready: migrations are pending. Run manage.py migrate.")
        return self.migrated


def _ask_database() -> None:
    """Take a connection from the pool as a view does, but wait no longer than TIMEOUT.

    Raises psycopg_pool.PoolTimeout if there is none.
    """
    pool = connection.pool  # type: ignore[attr-defined]
    pool.open()
    with pool.connection(timeout=TIMEOUT):
        pass  # the pool's own check has asked the database before handing the connection out
