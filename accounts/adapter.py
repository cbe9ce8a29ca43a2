"""What allauth asks us: where we differ from its defaults."""

from allauth.account.adapter import DefaultAccountAdapter
from django import forms
from django.http import HttpRequest

from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    def clean_email(self, email: str) -> str:
        return User.objects.normalize_email(super().clean_email(email))

    def save_user(
        self, request: HttpRequest, user: User, form: forms.Form, commit: bool = True
    ) -> User:
        user.name = form.cleaned_data["name"]
        return super().save_user(request, user, form, commit)
