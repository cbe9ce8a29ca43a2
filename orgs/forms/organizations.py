from typing import Any

from django import forms

from orgs.models import Organization
from orgs.slugs import validate_slug


class WebAddressField(forms.CharField):
    """Capitals are taken as small letters: an organization has one address."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").lower()


class OrganizationForm(forms.ModelForm):
    """An empty web address is filled from the name."""

    slug = WebAddressField(
        label="Web address",
        required=False,
        max_length=50,
        validators=[validate_slug],
        help_text="The last part of the organization’s address. Left empty, it follows the name.",
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    class Meta:
        model = Organization
        fields = ["name", "slug"]
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "organization", "autofocus": True})
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("slug") and "name" in cleaned and "slug" not in self.errors:
            cleaned["slug"] = Organization.free_slug(cleaned["name"])
        return cleaned
