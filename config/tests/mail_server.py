"""Real mail servers for the tests of what happens when there is none, or one that is no good."""

import asyncio
import email
import email.policy
import socket
import threading
from contextlib import contextmanager, suppress

from aiosmtpd.controller import Controller
from django.core.management import call_command

from accounts.models import Mail
from config.database.embedded import cluster


class MailServer:
    """Down until `start`; `mails` are those that it took, each with its text as `body`.

    `answers` has what it says to some addresses, `delay` the seconds it takes for each email, and
    `visits` who connected. While `goes_on` is not set it holds back what it says.
    """

    def __init__(self):
        self.port = cluster.free_port()
        self.mails = []
        self.refusing = False
        self.answers = {}
        self.delay = 0
        self.visits = set()
        self.controller = None
        self.goes_on = threading.Event()
        self.goes_on.set()

    def start(self, *, refusing=False):
        self.refusing = refusing
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=60)
        self.controller.start()

    def come_back(self):
        """Start, and a minute later let the worker deliver what is still to be delivered."""
        if not self.controller:
            self.start()
        Mail.objects.release()
        call_command("deliver_mail", "--once")

    def stop(self):
        if self.controller:
            self.controller.stop()
            self.controller = None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        self.visits.add(session.peer)
        if self.refusing:
            return f"550 {address} is not welcome"
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        mail.body = "\n".join(mail.get_body(("plain",)).get_content().splitlines())
        mail.envelope = envelope.rcpt_tos
        self.mails.append(mail)
        await asyncio.sleep(self.delay)
        while not self.goes_on.is_set():
            await asyncio.sleep(0.01)
        return "250 OK"


@contextmanager
def dripping(port, said=b""):
    """Listen on the port, greet with `said`, and then drip bytes that never become a line."""
    is_over = threading.Event()
    visits = []

    def drip(listener):
        with suppress(OSError):
            while True:
                visits.append(listener.accept()[0])
                threading.Thread(target=talk, args=[visits[-1]], daemon=True).start()

    def talk(visitor):
        with suppress(OSError), visitor:
            visitor.sendall(said)
            for _ in range(1200):  # a minute: whoever waits for the end fails a test
                if is_over.wait(0.05):
                    return
                visitor.sendall(b"2")

    with socket.create_server(("127.0.0.1", port)) as listener:
        threading.Thread(target=drip, args=[listener], daemon=True).start()
        yield visits
        is_over.set()
        listener.shutdown(socket.SHUT_RDWR)
