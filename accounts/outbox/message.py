"""An email as text, and back: what is sent in days is what was queued, to the letter."""

import email
import email.policy
from collections.abc import Iterable, Iterator
from email.message import EmailMessage as Mime
from email.utils import make_msgid, parseaddr
from typing import Any
from uuid import uuid4

from django.core.mail import EmailMessage

from accounts.outbox.mail import Mail


class WholeLinks(email.policy.EmailPolicy):
    """Leaves the links of List-Unsubscribe on one line.

    Python would take one of more than 78 letters apart and encode the pieces, which no mail
    program puts together again (RFC 2369): it would show no button.
    """

    def fold(self, name: str, value: Any) -> str:
        if name.lower() == "list-unsubscribe":
            return f"{name}: {value}{self.linesep}"
        return super().fold(name, value)


ASCII = WholeLinks(cte_type="7bit")


def pack(message: EmailMessage) -> str:
    """Return the whole email as MIME, in ASCII; raises ValueError for a header of two lines.

    Its Message-ID is made here, of the sender's domain: Django would look up the name of this
    machine, and each attempt would have another one.
    """
    if "message-id" not in map(str.lower, message.extra_headers):
        message.extra_headers["Message-ID"] = make_msgid(domain=_domain(message))
    return message.message(policy=ASCII).as_string()


def pack_each(message: EmailMessage, addresses: Iterable[str]) -> Iterator[str]:
    """Return the email as `pack` does for each address in turn; it itself has no recipients yet.

    What is the same in all of them is made once, for that is what takes time.
    """
    stand_in = f"{uuid4().hex}@example.invalid"
    message.to, message.extra_headers["Message-ID"] = [stand_in], f"<{stand_in}>"
    until_to, until_id, rest = pack(message).split(stand_in, 2)
    domain = _domain(message)
    for address in addresses:
        yield f"{until_to}{address}{until_id[:-1]}{make_msgid(domain=domain)}{rest[1:]}"


class Queued(EmailMessage):
    """What Django's mailers send of a row; raises InvalidToken for one that cannot be read."""

    def __init__(self, mail: Mail) -> None:
        self.text = mail.text()
        body = self.message().get_body(("plain", "html"))
        super().__init__(
            mail.subject,
            body.get_content() if body else "",
            mail.sender,
            mail.recipients,
        )

    def message(self, *, policy: Any = email.policy.default) -> Mime:
        return email.message_from_string(self.text, policy=policy.clone(refold_source="none"))


def _domain(message: EmailMessage) -> str:
    return parseaddr(message.from_email)[1].rpartition("@")[2] or "localhost"
