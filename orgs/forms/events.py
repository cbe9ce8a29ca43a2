"""What the audit trail is filtered by. Each field may be empty."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from accounts.models import User
from accounts.verbs import Verb, alone

ABOUT_ORGANIZATIONS = ("organization.", "ownership.", "member.", "team.", "invitation.")
VERBS = [
    (verb.value, alone(verb).capitalize()) for verb in Verb if verb.startswith(ABOUT_ORGANIZATIONS)
]
DAYS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(9998, 12, 31))]


class DayField(forms.DateField):
    """A day in the time zone of who asks."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(required=False, widget=widget, validators=DAYS, **kwargs)


class EventFilters(forms.Form):
    person = forms.CharField(
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off"}),
    )
    verb = forms.ChoiceField(label="What", required=False, choices=[("", "Anything"), *VERBS])
    since = DayField(label="From")
    until = DayField(label="To")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if _id(self.data.get("person", "")):  # from the link that a name in the list is
            self.fields["person"].widget = forms.HiddenInput()

    def clean_person(self) -> UUID | str:
        """Return the id of the person of a link, or the address that was typed."""
        typed = self.cleaned_data["person"]
        if pk := _id(typed):
            return pk
        if typed and "@" not in typed:
            raise forms.ValidationError(
                "Type the whole email address, or click on a name in the list."
            )
        return User.objects.normalize_email(typed)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "This is before the first day.")
        return cleaned

    @property
    def begins(self) -> datetime | None:
        """The first moment that is asked for."""
        return _midnight(self.cleaned_data["since"])

    @property
    def ends(self) -> datetime | None:
        """The first moment that no longer is: the last day counts as a whole."""
        last = self.cleaned_data["until"]
        return _midnight(last and last + timedelta(days=1))


def _midnight(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
