"""Visitors who say nothing, or not all, or do not go: none of them keeps others from the site."""

import contextlib
import resource
import runpy
import select
import selectors
import socket
import time
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

from config.env import BASE_DIR
from config.serving import visitor
from config.serving.arriving import HEALTH_CHECK, LONGEST, begun, is_whole, length
from config.serving.visitor import Visitor
from config.serving.worker import MOST_BODIES, Worker
from config.tests.clone import wait_until
from config.tests.served import HOST, Site

HEAD = b"Host: 127.0.0.1\r\nContent-Type: application/json\r\n"
PAGE = b"GET / HTTP/1.1\r\n" + HEAD
LIVE = b"GET /health/live HTTP/1.1\r\n" + HEAD
POST = b"POST /api/waitlist HTTP/1.1\r\n" + HEAD


@pytest.fixture(scope="module")
def site(migrated):
    with Site(migrated.url(), WEB_CONCURRENCY="1", WEB_THREADS="2") as site:
        site.get("/")
        yield site


@pytest.fixture
def visitors(site):
    """A function that has some visitors send this and then wait; they leave with the test."""
    with contextlib.ExitStack() as opened:

        def visit(sent, number=4):
            come = []
            for _ in range(number):
                one = opened.enter_context(socket.create_connection((HOST, site.port), 60))
                one.sendall(sent)
                come.append(one)
            return come

        yield visit


@pytest.fixture
def connected():
    """A function that connects a Visitor and the socket they would have; both end with the test."""
    with contextlib.ExitStack() as opened:

        def connect():
            listener = opened.enter_context(socket.create_server((HOST, 0)))
            other = opened.enter_context(socket.create_connection(listener.getsockname()))
            return opened.enter_context(Visitor.on(listener.accept()[0])), other

        yield connect


def answer(visit):
    """The status of the answer, and whether the connection has ended with it."""
    received = b""
    while more := visit.recv(65_536):
        received += more
    return int(received.split()[1])


@pytest.mark.parametrize(
    ("sent", "spare"),
    [
        (LIVE + b"\r\n", True),
        (b"HEAD /health/ready?from=balancer HTTP/1.0\r\n\r\n", True),
        (LIVE, False),
        (LIVE + b"\r\n" + POST, False),
        (LIVE + b"content-length: 9\r\n\r\n", False),
        (LIVE + b"Transfer-Encoding: chunked\r\n\r\n", False),
        (b"POST /health/live HTTP/1.1\r\n\r\n", False),
        (b"GET /health/ HTTP/1.1\r\n\r\n", False),
        (b"GET /health/lively HTTP/1.1\r\n\r\n", False),
        (PAGE + b"\r\n", False),
    ],
)
def test_only_a_whole_health_check_gets_a_spare_thread(sent, spare):
    assert bool(HEALTH_CHECK.fullmatch(sent)) is spare


@pytest.mark.parametrize(
    ("sent", "needed"),
    [
        (b"", 0),
        (b"GET / HTTP/1.1\r\n", 17),
        (b"GET / HTTP/1.1\n\n", 0),  # which gunicorn refuses
        (PAGE + b"\r\n", 0),
        (PAGE + b"Referer: /?expect: content-length: 5\r\n\r\n", 0),
        (b"POST / HTTP/1.1\r\nCONTENT-LENGTH: 12 \r\n\r\n", 40 + 12),
        (b"POST / HTTP/1.1\r\nContent-Length:12\r\nX: y\r\n\r\n{}", 44 + 12),
        (POST + f"Content-Length: {LONGEST}\r\n\r\n".encode(), None),
        (POST + b"Content-Length: 9999999999\r\n\r\n", None),
        (POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n", None),
        (POST + b"Content-Length : 1\r\n\r\n", None),
        (POST + b"Content-Length: -1\r\n\r\n", None),
        (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", None),
        (POST + b"Content-Length: 1\r\nexpect: 100-continue\r\n\r\n", None),
    ],
)
def test_a_request_tells_how_long_it_is_or_is_read_by_a_thread_for_bodies(sent, needed):
    assert length(sent) == needed


def test_a_form_that_a_proxy_sends_over_a_unix_socket_is_whole_at_once():
    """Else it waited for one of the few threads for bodies, and was turned away beside others."""
    proxy, ours = socket.socketpair()
    with proxy, ours:
        for part in (POST, b"Content-Length: 40000\r\n\r\n", b"x" * 20_000, b"x" * 20_000):
            proxy.sendall(part)
        assert is_whole(begun(SimpleNamespace(sock=ours, parser=None)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"G",
        PAGE,
        LIVE,
        b"\x16\x03\x01\x02\x00\x01\x00",  # the beginning of TLS
        PAGE + b"X: " + b"x" * 60_000,
        POST + b"Content-Length: 1000\r\n\r\n{",
        POST + b"Content-Length: 200000\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n{",
        POST + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
        PAGE + b"\r\n" + POST,
        (PAGE + b"\r\n") * 500,  # whose answers nobody reads
    ],
)
def test_who_does_not_go_on_keeps_nobody_waiting(site, visitors, sent):
    visitors(sent, 8)
    assert [site.get(path).status for path in ("/health/live", "/health/ready")] == [200] * 2
    answer = site.get("/")
    assert answer.status == 200
    assert answer.seconds < 15  # and not those after which we give the others up


@pytest.mark.slow
def test_who_keeps_all_threads_for_bodies_keeps_other_bodies_out_and_no_page(site, visitors):
    come = visitors(POST + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n{", MOST_BODIES + 1)
    refused, _, _ = select.select(come, [], [], 60)
    assert {answer(one) for one in refused} == {503}
    assert site.get("/").status == 200


def test_who_stops_reading_gets_no_further_answer_and_is_then_given_up(connected, monkeypatch):
    monkeypatch.setattr(visitor, "SILENCE", 1)
    visit, _other = connected()
    assert visit.has_room()
    with pytest.raises(BrokenPipeError):
        visit.sendall(bytes(50_000_000))
    assert not visit.has_room()


def test_the_next_request_waits_until_the_answer_before_it_is_mostly_read(connected, monkeypatch):
    worker = Worker(0, 0, [], None, 30, Config(), None)
    worker.poller = selectors.DefaultSelector()
    given = []
    monkeypatch.setattr(worker, "_submit", lambda conn, *_, **__: given.append(conn))
    visit, other = connected()
    other.sendall(PAGE + b"\r\n")
    visit.setblocking(False)
    with contextlib.suppress(BrokenPipeError):
        visit.sendall(bytes(50_000_000))
    conn = SimpleNamespace(sock=visit, parser=None, initialized=True)
    worker.enqueue_req(conn)
    assert not worker.poller.select(0)
    assert not given
    other.setblocking(False)
    while not (ready := worker.poller.select(0)):
        with contextlib.suppress(BlockingIOError):
            other.recv(65_536)
    [(key, _)] = ready
    key.data(visit)
    assert given == [conn]


def test_a_usual_answer_is_out_of_the_threads_hands_before_it_is_read(connected):
    visit, _other = connected()
    visit.setblocking(False)
    visit.sendall(bytes(visitor.USUAL_ANSWER))


def test_a_body_that_comes_drop_by_drop_is_cut_off(connected):
    visit, other = connected()
    other.sendall(b"drop")
    visit.ends = time.monotonic() - 1
    with pytest.raises(TimeoutError):
        visit.recv(10)
    assert visit.recv(10, socket.MSG_PEEK) == b"drop"  # only to look takes no thread


@pytest.mark.slow
def test_a_request_that_comes_byte_by_byte_is_answered(site, visitors):
    [visit] = visitors(b"", 1)
    for byte in PAGE + b"Connection: close\r\n\r\n":
        visit.sendall(bytes([byte]))
        time.sleep(0.001)
    assert answer(visit) == 200


@pytest.mark.slow
def test_a_long_head_and_its_body_are_read_and_one_without_an_end_is_refused(site, visitors):
    cookies = b"Connection: close\r\n" + b"Cookie: " + b"x" * 7000 + b"\r\n"
    [visit] = visitors(POST + cookies + b"Content-Length: 12000\r\n\r\n", 1)
    time.sleep(0.1)
    visit.sendall(b'{"email": "ann@example.com"'.ljust(11_999))
    time.sleep(0.1)
    visit.sendall(b"}")
    assert answer(visit) == 202
    [visit] = visitors(PAGE + b"X: " + b"x" * 65_536, 1)
    assert answer(visit) == 431


@pytest.mark.slow
@pytest.mark.parametrize(("size", "says"), [(60_000, "keep-alive"), (70_000, "close")])
def test_a_long_body_ends_the_connection_and_the_answer_says_so(site, size, says):
    """Nobody reads this body. A proxy that knew nothing would send others' requests behind it."""
    assert site.ask("POST", "/none/", "x" * size).headers["Connection"] == says


@pytest.mark.slow
def test_what_is_sent_behind_a_request_is_answered_in_its_order(site, visitors):
    ends = b"Connection: close\r\n\r\n"
    [visit] = visitors(LIVE + b"\r\n" + PAGE + b"\r\n" + LIVE + b"\r\n" + PAGE + ends, 1)
    received = b""
    while more := visit.recv(65_536):
        received += more
    kinds = [b"text/html" in one for one in received.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert kinds == [False, True, False, True]


@pytest.mark.slow
def test_who_does_not_close_after_the_last_answer_keeps_nobody_waiting(site, visitors):
    """gunicorn's own waits two seconds for each, and is killed as one that hangs after thirty."""
    visitors(b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", 20)
    answers = [site.get(path) for path in ("/health/live", "/", "/health/live")]
    assert [one.status for one in answers] == [200] * 3
    assert max(one.seconds for one in answers) < 10


@pytest.mark.slow
def test_who_opens_all_connections_does_not_have_the_site_alone(migrated):
    with (
        contextlib.ExitStack() as opened,
        Site(
            migrated.url(), WEB_CONCURRENCY="1", GUNICORN_CMD_ARGS="--worker-connections 20"
        ) as site,
    ):
        for number in range(60):
            one = opened.enter_context(socket.create_connection((HOST, site.port)))
            one.sendall((b"", PAGE, PAGE + b"\r\n")[number % 3])
        assert [site.get(path).status for path in ("/health/live", "/")] == [200] * 2


@pytest.mark.parametrize(("limit", "connections"), [(1024, 924), (1_048_576, 1000)])
def test_visitors_leave_descriptors_for_the_database_and_files(monkeypatch, limit, connections):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    settings = runpy.run_path(str(BASE_DIR / "config/gunicorn.py"))
    assert settings["worker_connections"] == connections


@pytest.mark.slow
def test_a_server_without_descriptors_goes_on(migrated):
    """Its process ended before, with all that was under way."""
    with Site(migrated.url(), WEB_CONCURRENCY="1") as site, contextlib.ExitStack() as opened:
        [pid] = site.workers
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (40, 40))
        for _ in range(60):
            opened.enter_context(socket.create_connection((HOST, site.port)))
        assert site.get("/health/live").status == 200
        assert site.workers == [pid]
        opened.close()
        assert wait_until(lambda: site.get("/").status == 200)
