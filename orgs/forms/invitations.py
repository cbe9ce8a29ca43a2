from collections.abc import Collection
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict

from accounts.names import is_hidden
from orgs.forms.addresses import AT_ONCE, AddressesField
from orgs.invitations import MESSAGE_LENGTH
from orgs.roles import Role


def validate_visible(text: str) -> None:
    if len(text) <= MESSAGE_LENGTH and any(is_hidden(text, at) for at in range(len(text))):
        raise ValidationError("Leave out characters that cannot be seen.", code="invisible")


class InvitationForm(forms.Form):
    data: MultiValueDict[str, Any]
    emails = AddressesField(
        label="Email addresses",
        help_text=f"One on each line, {AT_ONCE} at once at most.",
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.MEMBER)
    teams = forms.TypedMultipleChoiceField(
        coerce=UUID,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "A team you chose is no longer there. Choose again."},
    )
    message = forms.CharField(
        label="Personal line",
        required=False,
        max_length=MESSAGE_LENGTH,
        validators=[validate_visible],
        help_text="Shown in the email. A web address in it will not be a link.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(
        self, *args: Any, offered: list[Role], teams: Collection[tuple[UUID, str]], **kwargs: Any
    ) -> None:
        """`offered` are the roles to choose from; which may be given, Organization.invite knows.

        `teams` are those of the organization, by id and name.
        """
        super().__init__(*args, **kwargs)
        self.fields["role"].widget.choices = [(role.value, role.label) for role in offered]
        chosen: Any = self.fields["teams"]
        chosen.choices = list(teams)
        if not chosen.choices:
            chosen.widget = forms.MultipleHiddenInput()

    def keep(self, refused: Collection[str]) -> None:
        """Leave only these lines, of which nobody was invited, to be mended or taken out."""
        self.data = MultiValueDict(dict(self.data.lists()) | {"emails": ["\n".join(refused)]})
        left = "This one was" if len(refused) == 1 else f"These {len(refused)} were"
        self.add_error("emails", f"{left} not invited, for the reason above.")
