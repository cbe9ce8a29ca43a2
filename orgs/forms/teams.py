import unicodedata
from typing import Any, cast

from django import forms

from accounts.names import LENGTH, validate_name
from orgs.models import Membership, Organization
from orgs.roles import TeamRole


class TeamNameField(forms.CharField):
    """Composed (NFC), so that names that look the same are the same, however they were typed."""

    default_validators = [validate_name]

    def to_python(self, value: Any) -> str:
        name = super().to_python(value) or ""
        return name if len(name) > LENGTH else unicodedata.normalize("NFC", name)


class TeamForm(forms.Form):
    name = TeamNameField(
        max_length=LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True})
    )


class TeamPeopleForm(forms.Form):
    """Who is to come into a team: any number of the organization's members."""

    people = forms.ModelMultipleChoiceField(
        Membership.objects.none(),
        error_messages={
            "required": "Choose at least one person.",
            "invalid_choice": "One of them is no longer a member. Choose again.",
            "invalid_pk_value": "Choose people from the list.",
        },
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = cast("forms.ModelMultipleChoiceField", self.fields["people"])
        people.queryset = organization.memberships.all()


class TeamPeopleFilter(forms.Form):
    """Whom to look for among them."""

    q = forms.CharField(label="Name or email", max_length=100, required=False)


class TeamRoleForm(forms.Form):
    role = forms.TypedChoiceField(choices=TeamRole.choices, coerce=TeamRole)
