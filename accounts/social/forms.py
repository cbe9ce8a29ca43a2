"""The forms of accounts elsewhere."""

from typing import Any

from allauth.core import context
from allauth.socialaccount import forms as allauth_forms
from django import forms

from accounts.forms import EmailField, NameField, settle_email
from accounts.signin.ways import hold, is_only_way_in
from accounts.social.adapter import connected, is_settled


class SignupForm(allauth_forms.SignupForm):
    """Asks for what the provider did not tell, or only claims: a name, an address."""

    name = NameField()
    field_order = ["name", "email"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = EmailField(label="Email")
        self.initial["name"] = self.sociallogin.account.extra_data.get("name", "")
        if is_settled(context.request, self.sociallogin):
            settle_email(self, self.sociallogin.user.email, "This address is known to be yours.")


class DisconnectForm(allauth_forms.DisconnectForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.accounts = connected(self.request.user)
        self.fields["account"].queryset = self.accounts

    def clean(self) -> dict[str, Any]:
        """Refuse to take away the last way to sign in."""
        data = forms.Form.clean(self) or {}
        account = data.get("account")
        if account:
            hold(self.request.user)
        if account and is_only_way_in(account):
            raise forms.ValidationError(
                "This is your only way to sign in. Set a password first, then disconnect it."
            )
        return data
