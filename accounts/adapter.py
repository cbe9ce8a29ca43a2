"""What allauth asks us: where we differ from its defaults."""

from allauth.account.adapter import DefaultAccountAdapter
from django import forms
from django.http import HttpRequest

from accounts.models import User
from accounts.signup import admitted, use_pass


class AccountAdapter(DefaultAccountAdapter):
    def unstash_verified_email(self, request: HttpRequest) -> str | None:
        """Return the address that a pass (accounts.signup) has proved, and use the pass up."""
        return use_pass(request)

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        return admitted(request) == email

    def clean_email(self, email: str) -> str:
        return User.objects.normalize_email(super().clean_email(email))

    def save_user(
        self, request: HttpRequest, user: User, form: forms.Form, commit: bool = True
    ) -> User:
        user.name = form.cleaned_data["name"]
        return super().save_user(request, user, form, commit)
