from typing import Any

from django import forms
from django.db.models import QuerySet

from orgs.models import Membership


class MemberField(forms.ModelChoiceField):
    """One of some members, told apart by their addresses."""

    def label_from_instance(self, obj: Membership) -> str:
        return f"{obj.user} ({obj.user.email})" if obj.user.name else obj.user.email


class TransferForm(forms.Form):
    membership = MemberField(
        None, label="New primary owner", empty_label="Choose an owner or an admin"
    )

    def __init__(self, *args: Any, candidates: QuerySet[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["membership"].queryset = candidates  # type: ignore[attr-defined]
