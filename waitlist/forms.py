import re
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.forms import EmailField
from accounts.links import site
from waitlist.inviting import MOST_AT_ONCE
from waitlist.models import Entry

CAMPAIGN = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"]
SOURCE = [*CAMPAIGN, "referrer"]
TOO_MANY = f"Invite at most {MOST_AT_ONCE} people at once."
HOST = re.compile(r"[a-z0-9._:-]+")


class SourceField(forms.CharField):
    """What a link says of where it stood. It was not typed: what is no good is left out."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, max_length=100)

    def clean(self, value: Any) -> str:
        try:
            text: str = super().clean(value)
        except ValidationError:
            return ""
        return text if text.isprintable() else ""


class ReferrerField(SourceField):
    """The host of the page that led here: of its address, as browsers tell it, or as it is."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        host = _host(text if "//" in text else f"//{text}")
        return host if HOST.fullmatch(host) and host != _host(site()) else ""


class JoinForm(forms.Form):
    email = EmailField(label="Email address")
    # People do not see it; who fills it is a robot and gets the answer everybody gets.
    website = forms.CharField(
        label="Leave this empty",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    utm_source = SourceField()
    utm_medium = SourceField()
    utm_campaign = SourceField()
    utm_term = SourceField()
    utm_content = SourceField()
    referrer = ReferrerField()

    def join(self) -> None:
        """Put the address on the list, but a robot's in vain."""
        source = {name: text for name in SOURCE if (text := self.cleaned_data[name])}
        join = Entry.join_in_vain if self.cleaned_data["website"] else Entry.join
        join(self.cleaned_data["email"], source)


class KeysField(forms.TypedMultipleChoiceField):
    """Rows that were chosen before; those that are gone by now do no harm."""

    def __init__(self) -> None:
        super().__init__(coerce=UUID, widget=forms.MultipleHiddenInput)

    def valid_value(self, value: Any) -> bool:
        return True


class ChosenForm(forms.Form):
    """Whom to invite, out of the list, and whether also those whose link still works."""

    entries = KeysField()
    again = forms.BooleanField(required=False)

    def clean_entries(self) -> list[UUID]:
        entries = self.cleaned_data["entries"]
        if len(entries) > MOST_AT_ONCE:
            raise ValidationError(TOO_MANY)
        return entries


class NextForm(forms.Form):
    """How many of those who wait to invite."""

    number = forms.IntegerField(
        label="How many",
        min_value=1,
        max_value=MOST_AT_ONCE,
        initial=10,
        help_text="The longest waiting come first.",
        error_messages={"max_value": TOO_MANY},
    )


class SureForm(NextForm):
    """The same, once more, after it was said who that would be; `sure` tells one such page."""

    sure = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"].widget = forms.HiddenInput()


def source_of(request: HttpRequest) -> dict[str, str]:
    """Return what this visit says of where it came from, for the form to keep until it is sent."""
    known = {name: request.GET.get(name, "") for name in CAMPAIGN}
    return known | {"referrer": request.headers.get("Referer", "")}


def _host(url: str) -> str:
    """Return the host that an address names; nothing for what is no address."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
