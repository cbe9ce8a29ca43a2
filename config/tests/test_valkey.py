"""The cache in Valkey, and what the site does while it is away. With the server's real program."""

import logging
import shutil
import subprocess
import time

import pytest
from django.core.cache import cache
from django.test import Client
from redis import exceptions

from accounts.recent import recent
from accounts.tests.factors import AUTHENTICATE, App
from accounts.tests.people import is_signed_in, sign_in
from config.tests.at_once import at_once
from config.tests.valkey import Valkey
from config.valkey import CacheAway, ValkeyCache

pytestmark = pytest.mark.slow

SECRET = "p@ss/word"
ESCAPED = "p%40ss%2Fword"
MAKE_CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
    "-subj /CN=cache -addext subjectAltName=IP:127.0.0.1"
)


@pytest.fixture(scope="module")
def server():
    with Valkey() as server:
        yield server


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Who is there may take its time to answer, and who is away is not asked again in a test."""
    monkeypatch.setattr(ValkeyCache, "_away_until", 0)
    monkeypatch.setattr("config.valkey.PATIENCE", 60)
    monkeypatch.setattr("config.valkey.PAUSE", 600)


@pytest.fixture
def valkey(server, settings):
    """The cache of the settings, empty. A test may stop it."""
    settings.CACHES = server.caches()
    if server.shell is None:
        server.start()
    cache.clear()
    return server


def test_it_keeps_replaces_and_deletes(valkey):
    cache.set("key", [1.5, "é"])
    cache.set("key", {"now": "this"})
    assert cache.get("key") == {"now": "this"}
    assert cache.delete("key")
    assert cache.get("key", "nothing") == "nothing"


def test_of_many_who_add_at_once_one_succeeds(valkey):
    assert sum(at_once(*[lambda: cache.add("key", 1)] * 40)) == 1


def test_a_read_is_asked_once_a_minute(valkey):
    asked = []
    for _ in range(3):
        assert recent("key", lambda: asked.append(1) or 0) == 0
    assert len(asked) == 1


def test_while_it_is_away_a_read_is_a_miss_and_a_write_is_nothing(valkey, caplog):
    cache.set("key", 1)
    valkey.stop()
    assert cache.get("key", "otherwise") == "otherwise"
    assert cache.get_many(["key"]) == {}
    assert cache.get_or_set("key", lambda: 2) == 2
    assert recent("key", lambda: 3) == 3
    assert cache.set("key", 4) is None
    assert cache.set_many({"key": 4}) == ["key"]
    assert not cache.delete("key")
    assert not cache.touch("key")
    assert "key" not in cache
    cache.delete_many(["key"])
    assert len(caplog.records) == 1  # the others have not asked
    assert caplog.records[0].levelno == logging.ERROR


@pytest.mark.parametrize("verb", ["add", "incr", "clear"])
def test_while_it_is_away_what_must_be_certain_is_refused(valkey, verb):
    arguments = {"add": ["key", 1], "incr": ["key"], "clear": []}[verb]
    valkey.stop()
    with pytest.raises(CacheAway):
        getattr(cache, verb)(*arguments)


def test_one_that_does_not_answer_costs_half_a_second_and_then_nothing(
    valkey, settings, monkeypatch
):
    monkeypatch.setattr("config.valkey.PATIENCE", 0.5)
    settings.CACHES = valkey.caches()
    valkey.freeze()
    try:
        assert 0.4 < seconds(lambda: cache.get("key")) < 20  # it is frozen as long as we like
        assert seconds(lambda: [cache.get("key") for _ in range(200)]) < 20  # and not 100
    finally:
        valkey.thaw()


def test_it_is_asked_again_after_a_pause(valkey, monkeypatch):
    monkeypatch.setattr("config.valkey.PAUSE", 0)
    valkey.stop()
    cache.set("key", 1)
    valkey.start()
    cache.set("key", 2)
    assert cache.get("key") == 2


def test_a_restart_between_two_requests_is_not_noticed(valkey, caplog):
    cache.set("key", 1)
    valkey.stop()
    valkey.start()
    cache.set("key", 2)
    assert cache.get("key") == 2
    assert not caplog.records


def test_a_full_one_is_as_one_that_is_away(settings):
    with Valkey("--maxmemory", "1", "--maxmemory-policy", "noeviction") as server:
        settings.CACHES = server.caches()
        assert recent("key", lambda: 1) == 1
        with pytest.raises(CacheAway):
            cache.add("key", 1)


@pytest.mark.django_db
def test_the_waitlist_counts_without_it(valkey, client):
    valkey.stop()
    assert client.get("/api/waitlist").json() == {"count": 0}
    assert client.get("/").status_code == 200


@pytest.mark.django_db
def test_the_admins_front_page_is_there_without_it(valkey, operator):
    valkey.stop()
    assert operator.get("/admin/").status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("same_half_minute")
def test_a_code_that_works_once_is_refused_without_it_and_the_next_one_works(valkey, alice):
    app = App(alice)
    sign_in(browser := Client())
    valkey.stop()
    response = browser.post(AUTHENTICATE, {"code": app.code()})
    assert response.status_code == 503
    assert response["Retry-After"]
    assert not is_signed_in(browser)

    valkey.start()
    ValkeyCache._away_until = 0
    assert browser.post(AUTHENTICATE, {"code": app.code()}).status_code == 200  # it was taken
    browser.post(AUTHENTICATE, {"code": app.code(1)})
    browser.post("/accounts/2fa/trust/", {"action": "skip"})
    assert is_signed_in(browser)


@pytest.mark.django_db
@pytest.mark.usefixtures("same_half_minute")
def test_a_code_that_was_used_is_used_also_when_it_forgets(valkey, alice):
    app = App(alice)
    for expected in (True, False):
        sign_in(browser := Client())
        browser.post(AUTHENTICATE, {"code": app.code()})
        browser.post("/accounts/2fa/trust/", {"action": "skip"})
        assert is_signed_in(browser) is expected
        cache.clear()


def test_a_password_is_taken_from_the_url_and_is_never_logged(settings, monkeypatch, caplog):
    with Valkey("--requirepass", SECRET) as server:
        for login, value in (f":{ESCAPED}@", 1), (":wrong-one@", None):
            monkeypatch.setattr(ValkeyCache, "_away_until", 0)
            settings.CACHES = server.caches(login=login)
            cache.set("key", 1)
            assert cache.get("key") == value
    assert len(caplog.records) == 1
    assert isinstance(caplog.records[0].args[0], exceptions.AuthenticationError)
    assert not any(word in caplog.text for word in (SECRET, ESCAPED, "wrong-one"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1, and its key."""
    assert shutil.which("openssl"), "This test needs openssl: apt install openssl"
    files = [tmp_path_factory.mktemp("tls") / name for name in ("own.crt", "own.key")]
    subprocess.run(
        [*MAKE_CERTIFICATE.split(), "-out", files[0], "-keyout", files[1]],
        check=True,
        capture_output=True,
    )
    return files


@pytest.mark.parametrize(
    ("host", "trusted", "works"),
    [("127.0.0.1", True, True), ("127.0.0.1", False, False), ("localhost", True, False)],
    ids=["right", "nobody signed it", "wrong name"],
)
def test_over_tls_its_certificate_and_name_are_verified(
    certificate, settings, monkeypatch, caplog, host, trusted, works
):
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    server = Valkey("--tls-auth-clients", "no")
    server.command += ["--tls-cert-file", certificate[0], "--tls-key-file", certificate[1]]
    server.command += ["--port", "0", "--tls-port", str(server.port)]
    with server:
        settings.CACHES = server.caches(scheme="rediss", host=host)
        cache.set("key", 1)
        assert cache.get("key") == (1 if works else None)
    if not works:
        assert isinstance(caplog.records[0].args[0], exceptions.ConnectionError)
        assert "CERTIFICATE_VERIFY_FAILED" in caplog.text


def seconds(work):
    started = time.monotonic()
    work()
    return time.monotonic() - started
