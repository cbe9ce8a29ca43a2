"""Django's SMTP backend, with a limit for a server that takes its time, and a word on each address.

`timeout`, in seconds, bounds all of connecting, and all of one email. smtplib by itself bounds each
read: a server that drips a byte a second is never too slow for it.
"""

import io
import smtplib
import socket
import time
from typing import Any

from django.core.mail.backends import smtp


class _Limited(smtplib.SMTP):
    ends: float

    def connect(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        self._begin()
        return super().connect(*args, **kwargs)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Share the time among the host's addresses: smtplib gives all of it to each."""
        addresses = {info[4] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        return super()._get_socket(host, port, timeout / len(addresses))  # type: ignore[misc]

    def sendmail(self, *args: Any, **kwargs: Any) -> dict[str, tuple[int, bytes]]:
        """Raise SMTPRecipientsRefused for one refused address of many, too."""
        self._begin()
        if refused := super().sendmail(*args, **kwargs):
            raise smtplib.SMTPRecipientsRefused(refused)
        return refused

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock:
            self.file = io.BufferedReader(_Reader(self.sock, self.ends))
        return super().getreply()

    def _begin(self) -> None:
        self.ends = time.monotonic() + self.timeout
        if self.sock:
            self.sock.settimeout(self.timeout)
            self.file = None  # the next reply is read until the new end


class _LimitedSSL(_Limited, smtplib.SMTP_SSL):
    pass


class _Reader(io.RawIOBase):
    def __init__(self, connection: socket.socket, ends: float) -> None:
        self.connection, self.ends = connection, ends

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the mail server took too long")
        self.connection.settimeout(left)
        return self.connection.recv_into(buffer)


class EmailBackend(smtp.EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _LimitedSSL if self.use_ssl else _Limited
