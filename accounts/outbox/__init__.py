"""Mail that is never lost: a table between whoever causes an email and the mail server.

`queue` writes the email, encrypted, in the transaction that causes it; `attempt` tries it once,
right after the commit; what did not get through is retried by `manage.py deliver_mail`, of which
several may run. Each email goes out once, or a second time if a process dies after the mail server
took it and before the row says so.
"""

from accounts.outbox.queueing import queue, queue_all, queue_copies

__all__ = ["queue", "queue_all", "queue_copies"]
