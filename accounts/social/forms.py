"""The forms of accounts elsewhere."""

from typing import Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.socialaccount import forms as allauth_forms
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from django import forms
from django.db.models import QuerySet

from accounts.forms import EmailField, NameField
from accounts.models import User
from accounts.social.adapter import is_settled


class SignupForm(allauth_forms.SignupForm):
    """Asks for what the provider did not tell, or only claims: a name, an address."""

    name = NameField()
    field_order = ["name", "email"]
    data: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = EmailField(label="Email")
        self.initial["name"] = self.sociallogin.account.extra_data.get("name", "")
        if is_settled(context.request, self.sociallogin):
            self._settle_email(self.sociallogin.user.email)

    def _settle_email(self, email: str) -> None:
        field = self.fields["email"]
        field.initial = email
        field.help_text = "This address is known to be yours."
        field.widget.attrs["readonly"] = True
        if self.is_bound:
            self.data = self.data.copy()
            self.data[self.add_prefix("email")] = email


class DisconnectForm(allauth_forms.DisconnectForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.accounts = connected(self.request.user)
        self.fields["account"].queryset = self.accounts

    def clean(self) -> dict[str, Any]:
        """Refuse to take away the last way to sign in."""
        data = forms.Form.clean(self) or {}
        account = data.get("account")
        if account and not can_sign_in_without(account):
            raise forms.ValidationError(
                "This is your only way to sign in. Set a password first, then disconnect it."
            )
        return data


def connected(user: User) -> QuerySet[SocialAccount]:
    """Return the person's accounts at providers that are configured, oldest first."""
    providers = [app.provider_id or app.provider for app in get_adapter().list_apps(None)]
    return SocialAccount.objects.filter(user=user, provider__in=providers).order_by("pk")


def can_sign_in_without(account: SocialAccount) -> bool:
    """Whether the person has a password, a passkey or another account elsewhere."""
    user = account.user
    return (
        user.has_usable_password()
        or connected(user).exclude(pk=account.pk).exists()
        or Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists()
    )
