from allauth.account import forms as allauth_forms
from django import forms


class SignupForm(allauth_forms.SignupForm):
    name = forms.CharField(
        max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True})
    )
    field_order = ["name", "email", "password1"]
