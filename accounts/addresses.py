"""Which email addresses are taken, those that a mail can be sent to, and how they are stored."""

import unicodedata
from email.headerregistry import Address
from email.utils import getaddresses

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.names import is_invisible

LENGTH = 254  # characters, of an address that mail servers take (RFC 5321)


def normalize(email: str) -> str:
    """Return the address as it is stored: trimmed, NFKC, lower-case, its domain in ASCII.

    erin@bücher.example and erin@xn--bcher-kva.example are one mailbox. The second is kept, by which
    mail servers know it, and in which no letter looks like another. A domain alone comes back so,
    too; what has no ASCII form of its own comes back as it is, and no mail can be sent to it.
    """
    name, at, domain = unicodedata.normalize("NFKC", email).strip().lower().rpartition("@")
    return f"{name}{at}{_in_ascii(domain) or domain}"


def validate_address(email: str) -> None:
    """Raise ValidationError for what is no address, and for one that no mail can carry.

    Django's validator alone also takes control characters between quotes, encoded words and
    domains without an ASCII form (IDNA), which the mail backend refuses when it is too late, and
    what Python reads as another address.
    """
    validate_email(email)
    if not _can_be_sent_to(email):
        raise ValidationError(validate_email.message, code=validate_email.code)


def mailbox(email: str) -> str:
    """Return ann@example.com for ann+any@example.com, as many providers have it.

    Whoever wants to flood a mailbox makes up one such address after the other: emails that anybody
    can ask for are counted by this.
    """
    name, _, domain = email.rpartition("@")
    return f"{name.partition('+')[0]}@{domain}"


def _can_be_sent_to(email: str) -> bool:
    try:
        domain = Address(addr_spec=email).domain
    except ValueError:
        return False
    is_read_alike = getaddresses([email]) == [("", email)]  # the outbox reads it so
    return bool(_in_ascii(domain)) and is_read_alike and not any(map(is_invisible, email))


def _in_ascii(domain: str) -> str:
    """Return the domain as mail servers know it, '' if it has no such form."""
    try:
        in_ascii = domain.encode("idna")
        # Python's IDNA would send what is for 'straße.example' to whoever owns 'strasse.example'.
        return in_ascii.decode() if domain.isascii() or in_ascii.decode("idna") == domain else ""
    except ValueError:
        return ""
