"""A real SMTP server for the tests of what happens when there is none, or one that refuses."""

import email
import email.policy
import socket

from aiosmtpd.controller import Controller
from django.core.management import call_command

from accounts.models import Mail


class MailServer:
    """Down until `start`; `mails` are those that it took, each with its text as `body`."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.mails = []
        self.refusing = False
        self.controller = None

    def start(self, *, refusing=False):
        self.refusing = refusing
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
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
        if self.refusing:
            return f"550 {address} is not welcome"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        mail.body = "\n".join(mail.get_content().splitlines())
        self.mails.append(mail)
        return "250 OK"
