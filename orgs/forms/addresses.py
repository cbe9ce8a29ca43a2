"""A field for many email addresses, as people paste them from wherever they have them."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.addresses import LENGTH
from accounts.forms import EmailField

AT_ONCE = 50  # addresses
LONGEST = AT_ONCE * 2 * LENGTH  # characters: so many addresses, each with a name as long
EMAIL = EmailField()


class AddressesField(forms.CharField):
    """Returns what was typed for each address, with the address, or '' for what is none.

    'Erin <erin@example.com>' is an address, and so is whatever stands between line breaks, commas
    and semicolons. Of one that stands there twice the first is taken. What is no address makes the
    field wrong only where nothing else is there: it need not keep the others waiting.
    """

    widget = forms.Textarea(attrs={"rows": 3, "autocapitalize": "none", "spellcheck": "false"})
    default_error_messages = {
        "required": "Enter an email address.",
        "too_many": f"These are more than {AT_ONCE} addresses. Invite the rest afterwards.",
    }

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if len(text) > LONGEST:
            raise self._error("too_many")
        typed: dict[str, str] = {}  # by the address, or by itself
        addresses = {}
        for piece, written in pieces(text):
            address = _address(written)
            if typed.setdefault(address or piece, piece) == piece:
                addresses[piece] = address
        if not addresses:
            raise self._error("required")
        if len(addresses) > AT_ONCE:
            raise self._error("too_many")
        return addresses

    def _error(self, code: str) -> ValidationError:
        return ValidationError(self.error_messages[code], code=code)


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield each piece of the text, and what in it should be an address."""
    for line in text.replace(";", "\n").splitlines():
        words = ""  # before a comma: of a name, as in 'Example, Erin <erin@example.com>', or lost
        for part in line.split(","):
            if "@" not in part:
                words += f"{part},"
                continue
            if "<" in part:
                yield _trim(words + part), _trim(part.rpartition("<")[2].partition(">")[0])
            else:
                yield from _several(words)
                yield from _several(part)
            words = ""
        yield from _several(words)


def _several(text: str) -> Iterator[tuple[str, str]]:
    """Yield addresses with nothing but space between them one by one, anything else as it is."""
    words = text.split()
    alone = len(words) > 1 and all("@" in word for word in words)
    for piece in map(_trim, words if alone else [text]):
        if piece:
            yield piece, piece


def _trim(text: str) -> str:
    text = text.strip(" \t,")
    in_quotes = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if in_quotes else text


def _address(text: str) -> str:
    """Return the address as it is stored, '' for what is none."""
    try:
        return EMAIL.clean(text.removeprefix("mailto:"))
    except ValidationError:
        return ""
