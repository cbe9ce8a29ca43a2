"""The time zones a person may choose from."""

import zoneinfo
from collections.abc import Mapping
from functools import cache
from itertools import groupby
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

# Names outside of these are older ones of the same zones: US/Pacific, Japan.
REGIONS = {
    *("Africa", "America", "Antarctica", "Arctic", "Asia"),
    *("Atlantic", "Australia", "Europe", "Indian", "Pacific"),
}


@cache
def known() -> frozenset[str]:
    """Return the IANA names of the zones to choose from, as this machine's database has them."""
    names = zoneinfo.available_timezones()
    return frozenset({"UTC", *(name for name in names if name.partition("/")[0] in REGIONS)})


def validate_time_zone(name: str) -> None:
    """Raise ValidationError for a name that is none of the `known`."""
    if name not in known():
        raise ValidationError("Choose one of the time zones in the list.", code="unknown")


def told_by_browser(form: Mapping[str, Any]) -> str:
    """Return the zone that static/js/time-zone.js put into the form, or UTC without a known one."""
    name = form.get("time_zone")
    return name if name in known() else "UTC"


class TimeZoneSelect(forms.Select):
    """All zones, by region. Django's own widget takes 20 ms to draw so many options."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        attributes = flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name}))
        return format_html("<select{}>{}</select>", attributes, _options_with(value))


def _options_with(chosen: str) -> SafeString:
    """Return the options; a chosen one that is no longer known stays until another is chosen."""
    if chosen not in known():
        return format_html("<option selected>{}</option>{}", chosen, _options())
    value = f'value="{chosen}"'
    return mark_safe(_options().replace(value, f"{value} selected"))  # noqa: S308  # known


@cache
def _options() -> SafeString:
    regions = groupby(sorted(known() - {"UTC"}), lambda name: name.partition("/")[0])
    groups = format_html_join(
        "",
        '<optgroup label="{}">{}</optgroup>',
        (
            (region, format_html_join("", '<option value="{}">{}</option>', map(_labelled, names)))
            for region, names in regions
        ),
    )
    return format_html('<option value="UTC">UTC</option>{}', groups)


def _labelled(name: str) -> tuple[str, str]:
    return name, name.partition("/")[2].replace("_", " ").replace("/", ", ")
