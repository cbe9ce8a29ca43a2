"""/health/live and /health/ready: what a load balancer is told."""

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext
from psycopg_pool import ConnectionPool

from config.serving import health


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr(health, "TIMEOUT", 60)


def test_live_touches_no_database(client):
    response = client.get("/health/live")  # pytest-django refuses any statement here
    assert (response.status_code, response.text) == (200, "ok")
    assert response.headers["Cache-Control"] == "no-store"
    assert not response.cookies


@pytest.mark.django_db
def test_ready_when_the_database_has_every_migration(client):
    response = client.get("/health/ready")
    assert (response.status_code, response.text) == (200, "ok")
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_once_migrated_ready_reads_no_migrations(client):
    client.get("/health/ready")
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/health/ready").status_code == 200
    assert len(queries) == 0


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_pending(client, caplog):
    MigrationRecorder.Migration.objects.filter(app="waitlist").delete()
    response = client.get("/health/ready")
    assert (response.status_code, response.text) == (503, "unavailable")
    assert "migrations are pending" in caplog.text


@pytest.mark.django_db
def test_not_ready_soon_while_every_connection_is_taken(client, caplog, monkeypatch):
    kwargs = connection.pool.kwargs
    with ConnectionPool(kwargs=kwargs, min_size=0, max_size=1, timeout=30) as pool:
        monkeypatch.setattr(health, "connection", SimpleNamespace(pool=pool))
        monkeypatch.setattr(health, "TIMEOUT", 0.2)
        with pool.connection():
            assert client.get("/health/ready").status_code == 503
    assert "Not ready: couldn't get a connection" in caplog.text


def test_who_asks_while_somebody_else_does_is_told_at_once_what_was_found_before(monkeypatch):
    asked, answer = Event(), Event()
    monkeypatch.setattr(health, "_ask_database", lambda: asked.set() or answer.wait(10))
    middleware = health.HealthMiddleware(None)
    middleware.migrated = True
    with ThreadPoolExecutor() as others:
        first = others.submit(middleware.is_ready)
        assert asked.wait(10)
        assert not middleware.is_ready()
        answer.set()
        assert first.result()
        asked.clear()
        answer.clear()
        second = others.submit(middleware.is_ready)
        assert asked.wait(10)
        assert middleware.is_ready()
        answer.set()
        assert second.result()


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
@pytest.mark.django_db
def test_answers_any_host_without_https(client, settings, path):
    settings.ALLOWED_HOSTS = ["example.com"]
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path, headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_only_get_and_head(client):
    assert client.head("/health/live").status_code == 200
    response = client.post("/health/live")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"


def test_health_checks_do_not_fill_the_log(client, caplog):
    caplog.set_level(logging.INFO)
    client.get("/health/live")
    assert caplog.records == []
