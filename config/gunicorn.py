"""gunicorn's settings; start it with `gunicorn --config config/gunicorn.py config.wsgi`."""

import os
import resource

from gunicorn.http.wsgi import Response  # type: ignore[import-untyped]

from config.serving import draining, starting
from config.serving.worker import Worker

# Where it listens is gunicorn's own rule: at $PORT of every address, else at 127.0.0.1:8000.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))  # processes: one for each core
worker_class = Worker  # gthread
threads = int(os.environ.get("WEB_THREADS", "4"))  # of each, so that no slow answer blocks all
# Of each. Systems begin with 1024 descriptors, of which the database and files need some, too.
worker_connections = min(1000, max(resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100, 100))
preload_app = True  # the code is in memory once, and a broken one stops the start

# A worker is replaced now and then, so that a slow leak never matters; not all of them at once.
max_requests = 20_000
max_requests_jitter = 2_000

sendfile = False  # in which a thread would wait for ever for somebody who does not read
timeout = 30  # seconds after which a worker that hangs is killed
on_starting = starting.begin
pre_request = draining.close_connections
graceful_timeout = draining.graceful_seconds()
keepalive = 75  # seconds; longer than the 60 of most load balancers, so that they close first

accesslog = None  # config.logs writes a line for each request
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 — heartbeats off the disk
control_socket_disable = True  # it would be made in the home folder, which nobody here needs
forwarded_allow_ips = ""  # what a proxy forwards is for Django to believe, by TRUSTED_PROXY_COUNT
forwarder_headers = ""  # nor may it tell gunicorn SCRIPT_NAME, PATH_INFO or REMOTE_USER

_default_headers = Response.default_headers


def _without_server(response: Response) -> list[str]:
    """Return gunicorn's own headers but for the one that names it; it has no setting for that."""
    return [line for line in _default_headers(response) if not line.startswith("Server:")]


Response.default_headers = _without_server
