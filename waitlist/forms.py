import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.forms import EmailField
from accounts.links import site
from waitlist.models import Entry

CAMPAIGN = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"]
SOURCE = [*CAMPAIGN, "referrer"]
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
