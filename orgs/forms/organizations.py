"""What people type about an organization as a whole."""

from typing import Any

from django import forms

from accounts.forms import AvatarForm
from orgs import metadata
from orgs.models import Organization
from orgs.slugs import validate_slug

SEARCH_FROM = 8  # organizations: fewer of them are looked through
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


class OrganizationSearch(forms.Form):
    """Which of a person's organizations to show."""

    q = forms.CharField(
        label="Name or web address",
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )


class NameForm(forms.ModelForm):
    """What an organization is called, by people and in the address bar."""

    slug = WebAddressField(
        help_text="If you change it, links to the old address stop working at once, "
        "and another organization may take it.",
    )

    class Meta:
        model = Organization
        fields = ["name", "slug"]
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "organization"})}


class LogoForm(AvatarForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["image"].label = "New logo"


class MetadataField(forms.Field):
    """A JSON object as text. Django's own field would take what only Python calls JSON."""

    widget = forms.Textarea(attrs={"autocomplete": "off", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return metadata.pretty(value) if isinstance(value, dict) else value

    def to_python(self, value: str | None) -> dict[str, Any]:
        """Nothing typed is no metadata; a form without the field says nothing about it."""
        if value is None:
            raise forms.ValidationError(self.error_messages["required"])
        return metadata.parse(value)


class MetadataForm(forms.ModelForm):
    metadata = MetadataField(
        required=False,
        help_text='A JSON object such as {"customer": 4711}, 8 KiB at most. '
        "Programs read it; people see it only here.",
    )

    class Meta:
        model = Organization
        fields = ["metadata"]


class DeletionForm(forms.Form):
    """The organization's web address, typed: nobody deletes one by a slip of the hand."""

    slug = forms.CharField(
        label="Web address of the organization",
        max_length=50,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization

    def clean_slug(self) -> str:
        slug = self.organization.slug
        if self.cleaned_data["slug"] != slug:
            raise forms.ValidationError(f"This is not its address. Type {slug}.")
        return slug
