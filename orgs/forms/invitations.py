from typing import Any

from django import forms

from accounts.forms import EmailField
from orgs.roles import Role


class InvitationForm(forms.Form):
    email = EmailField(
        label="Email address",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.MEMBER)

    def __init__(self, *args: Any, offered: list[Role], **kwargs: Any) -> None:
        """`offered` are the roles to choose from; which may be given, Organization.invite knows."""
        super().__init__(*args, **kwargs)
        self.fields["role"].widget.choices = [(role.value, role.label) for role in offered]
