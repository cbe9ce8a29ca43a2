"""Nobody waits for ever for a database that says nothing, nor for one that is known to be away."""

import contextlib
import socket
import time

import psycopg
import pytest
from django.db import connection
from psycopg_pool import PoolTimeout

from config.database import patient
from config.tests.clone import wait_until


@pytest.fixture
def kwargs(db):
    return connection.get_connection_params() | {"autocommit": True}


@pytest.fixture
def pool(kwargs):
    with patient.Pool(
        connection_class=patient.Connection, kwargs=kwargs, min_size=0, max_size=1, timeout=60
    ) as pool:
        yield pool


@pytest.fixture
def connected(kwargs, monkeypatch):
    monkeypatch.setattr(patient, "ASK_AFTER", 0.05)
    monkeypatch.setattr(patient, "ANSWER", 60)
    with patient.Connection.connect(**kwargs) as connected:
        yield connected
    patient._away.clear()


def connected_again(pool):
    """Ask as visitors do, who wait but briefly, until the pool's next attempt to connect."""
    for _ in range(100):
        with contextlib.suppress(PoolTimeout), pool.connection():
            return
    raise AssertionError("the pool gave up")


def test_a_connection_that_broke_is_replaced_before_a_request_gets_it(pool):
    with pool.connection() as first:
        number = first.info.backend_pid
    connection.cursor().execute("SELECT pg_terminate_backend(%s, 5000)", [number])
    with pool.connection() as second:
        assert second.execute("SELECT 42").fetchone() == (42,)
        assert second.info.backend_pid != number


def test_who_waits_while_others_have_all_connections_does_not_take_the_server_for_away(pool):
    with pool.connection(), pytest.raises(PoolTimeout, match="all are in use"):
        pool.getconn(timeout=0.1)
    assert not patient.is_away()


def test_nobody_waits_long_for_a_server_that_is_known_to_be_away(pool, monkeypatch):
    def refused(**_kwargs):
        raise psycopg.OperationalError("refused")

    monkeypatch.setattr(patient.Connection, "_connected", refused)
    for timeout, longest in ((0.5, 20), (60, 20)):
        began = time.monotonic()
        with pytest.raises(PoolTimeout, match="the server does not answer"):
            pool.getconn(timeout=timeout)
        assert time.monotonic() - began < longest
    monkeypatch.undo()
    connected_again(pool)
    assert not patient.is_away()


def test_the_log_gets_the_servers_words_if_it_turns_us_away(kwargs, monkeypatch):
    monkeypatch.setattr(patient.Connection, "last_attempt_failed", False)
    monkeypatch.setattr(patient.Connection, "refusal", "")
    nowhere = kwargs | {"dbname": "nowhere"}
    with patient.Pool(connection_class=patient.Connection, kwargs=nowhere, min_size=1) as pool:
        assert wait_until(lambda: patient.Connection.refusal)
        with pytest.raises(PoolTimeout, match='nowhere" does not exist'):
            pool.getconn(timeout=0.1)
    patient._away.clear()


def test_a_slow_statement_of_a_server_that_is_there_is_waited_for(connected):
    assert connected.execute("SELECT 42 FROM pg_sleep(0.3)").fetchone() == (42,)


def test_a_statement_that_takes_long_to_send_is_waited_for(connected, monkeypatch):
    monkeypatch.setattr(patient, "ASK_AFTER", 0.001)
    size = 16 * 2**20
    assert connected.execute("SELECT length(%s::text)", ["x" * size]).fetchone() == (size,)


def test_a_slow_statement_is_not_waited_for_longer_than_it_may_take(connected):
    connected.longest = 0.1
    with pytest.raises(patient.Silence):
        connected.execute("SELECT pg_sleep(5)")
    assert connected.closed


def test_a_statement_is_given_up_if_the_server_says_nothing_to_anybody(connected, monkeypatch):
    monkeypatch.setattr(patient, "ANSWER", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there = type("", (), {"host": "", "hostaddr": "127.0.0.1", "port": silent.getsockname()[1]})
        monkeypatch.setattr(patient.Connection, "info", there)
        with pytest.raises(patient.Silence):
            connected.execute("SELECT pg_sleep(5)")
    assert patient.is_away()
