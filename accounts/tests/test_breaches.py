"""Breached passwords are refused where PWNED_PASSWORDS is set; asked of a real HTTP server here."""

import hashlib
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from accounts.models import User
from accounts.signin import breaches
from accounts.signin.breaches import is_breached
from accounts.tests.people import ERIN, sign_up

PASSWORD = "green-field-2026"
DIGEST = hashlib.sha1(PASSWORD.encode()).hexdigest().upper()
OTHER = "0018A45C4D1DEF81644B54AB7F969B88D65"


class Service(BaseHTTPRequestHandler):
    """Answers every question with `server.rows`, one at a time with a pause after each."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Add-Padding"]))
        self.send_response(self.server.status)
        self.end_headers()
        with suppress(ConnectionError):  # whoever asked has gone
            for row in self.server.rows:
                self.wfile.write(row)
                self.server.is_over.wait(self.server.pause)

    def log_message(self, *args):
        pass


@pytest.fixture
def service(settings, monkeypatch):
    monkeypatch.setattr(breaches, "SECONDS", 30)  # also on a machine with other things to do
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.asked, server.status, server.rows, server.pause = [], 200, [], 0
    server.is_over = threading.Event()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    settings.PWNED_PASSWORDS_URL = f"http://127.0.0.1:{server.server_port}/range/"
    yield server
    server.is_over.set()
    server.shutdown()
    server.server_close()


def rows(*counts):
    return [f"{suffix}:{count}\r\n".encode() for suffix, count in counts]


def test_a_breached_password_is_found_by_the_first_five_digits_of_its_hash(service):
    service.rows = rows((OTHER, 3), (DIGEST[5:], 52_579))
    assert is_breached(PASSWORD)
    assert service.asked == [(f"/range/{DIGEST[:5]}", "true")]


@pytest.mark.parametrize("count", [None, 0], ids=["absent", "padding"])
def test_what_is_absent_or_only_padding_is_not_breached(service, count):
    service.rows = rows((OTHER, 3)) if count is None else rows((OTHER, 3), (DIGEST[5:], count))
    assert not is_breached(PASSWORD)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (503, rows((DIGEST[5:], 1))),
        (200, [b"<!doctype html>" * 1000]),
        (200, [DIGEST[5:].encode() + b":many"]),
        (200, [b"\xff\xfe"]),
        (200, [b"0" * 200_000] * 6),
    ],
    ids=["error", "page", "no number", "bytes", "too long"],
)
def test_without_a_good_answer_passwords_pass_and_the_log_says_so(service, caplog, status, answer):
    service.status, service.rows = status, answer
    assert not is_breached(PASSWORD)
    assert "gave no answer" in caplog.text
    assert DIGEST[:5] not in caplog.text


@pytest.mark.parametrize("rows_a_second", [0, 20], ids=["silent", "dripping"])
def test_an_answer_has_a_moment_in_all_and_no_longer(service, monkeypatch, rows_a_second):
    monkeypatch.setattr(breaches, "SECONDS", 0.2)
    service.rows = rows((DIGEST[5:], 1), *[(OTHER, 1)] * 1200)
    service.pause = 1 / rows_a_second if rows_a_second else 60
    began = time.monotonic()
    assert not is_breached(PASSWORD)
    assert time.monotonic() - began < 20  # of the minute that all of it takes


def test_an_address_that_cannot_be_looked_up_holds_nobody_up(settings, monkeypatch):
    is_over = threading.Event()

    def look_up_for_long(*args, **kwargs):
        is_over.wait(60)
        raise socket.gaierror

    settings.PWNED_PASSWORDS_URL = "http://list.invalid/range/"
    monkeypatch.setattr(breaches, "SECONDS", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", look_up_for_long)
    began = time.monotonic()
    assert not is_breached(PASSWORD)
    assert time.monotonic() - began < 20
    is_over.set()


@pytest.mark.django_db
def test_a_breached_password_is_refused_at_sign_up(client, service, settings):
    service.rows = rows((DIGEST[5:], 1))
    settings.AUTH_PASSWORD_VALIDATORS = [
        *settings.AUTH_PASSWORD_VALIDATORS,
        {"NAME": "accounts.signin.passwords.BreachValidator"},
    ]
    errors = sign_up(client, password1=PASSWORD).context["form"].errors
    assert "stolen from another site" in str(errors["password1"])
    assert not User.objects.exists()
    assert sign_up(client, password1="x" * 200).context["form"].errors
    assert len(service.asked) == 1
    assert sign_up(client, password1=ERIN["password1"] + "!").status_code == 302


def test_nobody_is_asked_unless_it_is_switched_on(settings):
    names = [validator["NAME"] for validator in settings.AUTH_PASSWORD_VALIDATORS]
    assert "accounts.signin.passwords.BreachValidator" not in names
