from django import forms

from accounts.forms import EmailField
from waitlist.models import Entry


class JoinForm(forms.Form):
    email = EmailField(label="Email address")
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
