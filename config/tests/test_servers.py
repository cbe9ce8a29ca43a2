"""What tests start (servers.py, forked.py): it comes back, begins anew, and nothing of it stays."""

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from config.env import BASE_DIR
from config.tests.certificates import Authority
from config.tests.clone import wait_until
from config.tests.processes import printed_by
from config.tests.servers import Bouncer, Server

pytestmark = pytest.mark.slow

LEAVE = """
from config.tests.servers import Bouncer, Server
server = Server()
server.start()
bouncer = Bouncer(server)
bouncer.start()
print(server.pid, bouncer.process.pid, server.folder.parent, flush=True)
input()
"""
KNOWN = """
import os, sys
from django.conf import settings
print(settings.configured, "config.settings" in sys.modules, "accounts.models" in sys.modules)
print(*os.environ)
"""


def test_a_forked_python_has_read_no_settings_and_knows_its_own_variables_alone():
    assert printed_by("-c", KNOWN, SITE_NAME="Tea") == "False False False\nPATH SITE_NAME\n"


def test_a_server_comes_back_on_its_port_after_a_restart_and_a_kill():
    with Server(max_connections="20") as server:
        server.ask("CREATE TABLE kept AS SELECT 42 AS answer")
        server.restart()
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            server.connect()
        server.start()
        assert server.ask("SELECT answer FROM kept") == 42
        assert server.ask("SHOW max_connections") == "20"
        assert server.ask("SHOW is_superuser", user="postgres") == "on"
    assert not server.folder.exists()


def test_a_bouncer_lends_its_connections_for_a_transaction():
    with Server() as server, Bouncer(server, size=1) as bouncer:
        with bouncer.connect() as first, bouncer.connect() as second:
            pids = {c.execute("SELECT pg_backend_pid()").fetchone() for c in (first, second)}
        assert len(pids) == 1
        server.restart()
        bouncer.restart()
        assert bouncer.ask("SELECT 1") == 1


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail), ("", pytest.skip)])
def test_without_pgbouncer_the_tests_fail_where_all_are_due(monkeypatch, ci, outcome):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(outcome.Exception, match="apt-get install pgbouncer"):
        Bouncer(None)


def test_a_bouncer_with_a_certificate_speaks_tls_alone():
    tls = Authority().certificate("db.example.com")
    with Server() as server, Bouncer(server, tls=tls) as bouncer:
        with bouncer.connect(sslmode="require") as connection:
            assert connection.pgconn.ssl_in_use
        with pytest.raises(psycopg.OperationalError):
            bouncer.connect(sslmode="disable")


def test_nothing_stays_of_a_killed_process():
    process = subprocess.Popen(
        [sys.executable, "-c", LEAVE], stdin=-1, stdout=-1, text=True, cwd=BASE_DIR
    )
    *pids, folder = process.stdout.readline().split()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert wait_until(lambda: not Path(folder).exists())
    assert wait_until(lambda: not any(is_alive(pid) for pid in pids))


def is_alive(pid):
    """Whether it runs; a zombie, which nobody has reaped yet, does not."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().split()[2] != "Z"
