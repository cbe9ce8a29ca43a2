from typing import Any

from django import forms

from orgs.models import Membership
from orgs.roles import Role


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)

    def __init__(self, *args: Any, by: Membership, **kwargs: Any) -> None:
        """`by` sees the roles they may give; Membership.change_role knows which may be given."""
        super().__init__(*args, **kwargs)
        offered = [(role.value, role.label) for role in by.invitable_roles]
        self.fields["role"].widget.choices = offered
