"""Django's own way in: MAILERS["default"], for whatever calls `message.send()`."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from accounts.outbox.queueing import queue_all


class EmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue the emails; return how many."""
        return len(queue_all(email_messages))
