from typing import Any

from django import forms

from accounts.models import User
from waitlist.models import Entry


class EmailField(forms.EmailField):
    """Checks the address as it will be stored: after normalizing, not before."""

    def to_python(self, value: Any) -> str:
        return User.objects.normalize_email(super().to_python(value))


class JoinForm(forms.Form):
    email = EmailField(
        label="Email address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    # People do not see it; who fills it is a robot and gets the answer everybody gets.
    website = forms.CharField(
        label="Leave this empty",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def join(self) -> None:
        """Put the address on the list, unless a robot sent it."""
        if not self.cleaned_data["website"]:
            Entry.join(self.cleaned_data["email"])
