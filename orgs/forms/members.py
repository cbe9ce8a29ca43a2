from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms

from orgs.models import Membership
from orgs.roles import Role

SORTS = {"": "First to join", "newest": "Last to join", "name": "Name"}


class MemberFilter(forms.Form):
    """What the list of members shows; whatever is left empty leaves nobody out."""

    q = forms.CharField(label="Name or email", max_length=100, required=False)
    role = forms.ChoiceField(choices=[("", "All"), *Role.choices], required=False)
    team = forms.ChoiceField(required=False)
    sort = forms.ChoiceField(label="Sort by", choices=[*SORTS.items()], required=False)

    def __init__(self, *args: Any, teams: Iterable[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team: Any = self.fields["team"]
        team.choices = [("", "All"), *((str(pk), name) for pk, name in teams)]


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)

    def __init__(self, *args: Any, by: Membership, **kwargs: Any) -> None:
        """`by` sees the roles they may give; Membership.change_role knows which may be given."""
        super().__init__(*args, **kwargs)
        offered = [(role.value, role.label) for role in by.invitable_roles]
        self.fields["role"].widget.choices = offered
