"""What people type about an organization as a whole."""

from typing import Any

from django import forms

from orgs.models import Organization
from orgs.slugs import validate_slug

TAKEN = "This web address was taken a moment ago. Choose another."


class WebAddressField(forms.CharField):
    """Capitals are taken as small letters: an organization has one address."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        super().__init__(
            label="Web address",
            max_length=50,
            validators=[validate_slug],
            widget=forms.TextInput(attrs=attrs),
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").lower()


class OrganizationForm(forms.ModelForm):
    """A new organization. An empty web address will follow the name."""

    slug = WebAddressField(
        required=False,
        help_text="The last part of the organization’s address. Left empty, it follows the name.",
    )

    class Meta:
        model = Organization
        fields = ["name", "slug"]
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True})
        }
