"""/setup/: the form that makes the platform's first owner, which the API takes as well."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.utils import complete_signup
from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import limits, setup
from accounts.forms import EmailField, NameField
from accounts.models import User

TAKEN = "There is an account with this address. Use another, or run manage.py grant_role."


class SetupForm(forms.Form):
    token = forms.CharField(
        label="Setup token",
        help_text="The command “manage.py migrate” has printed it on your server.",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = NameField()
    email = EmailField(label="Email")
    password = forms.CharField(
        strip=False,
        help_text=password_validators_help_text_html,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_token(self) -> str:
        token: str = self.cleaned_data["token"]
        if not setup.accepts(token):
            raise forms.ValidationError(
                "This is not the token. Take the latest that “manage.py migrate” has printed; "
                "running it again prints a new one.",
                code="wrong",
            )
        return token

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        holders = User.objects.filter(emailaddress__email=email, emailaddress__verified=True)
        taken = User.objects.filter(email=email).exists() or holders.exists()
        if taken and "token" in self.cleaned_data:  # strangers learn nothing of accounts
            raise forms.ValidationError(TAKEN)
        return email

    def clean(self) -> dict[str, Any]:
        cleaned_data = self.cleaned_data
        if password := cleaned_data.get("password"):
            person = User(name=cleaned_data.get("name", ""), email=cleaned_data.get("email", ""))
            try:
                get_adapter().clean_password(password, user=person)
            except forms.ValidationError as problem:
                self.add_error("password", problem)
        return cleaned_data

    def make_owner(self) -> User | None:
        """Return the new owner, or None if something typed has to be mended.

        Raises accounts.setup.AlreadyOwned if somebody else was faster.
        """
        owner = self._make_owner() if self.is_valid() else None
        if owner is None and not setup.is_open():
            raise setup.AlreadyOwned
        return owner

    def _make_owner(self) -> User | None:
        person = {field: self.cleaned_data[field] for field in ("name", "email", "password")}
        try:
            return setup.make_first_owner(**person)
        except IntegrityError:
            self.add_error("email", TAKEN)
            return None

    @property
    def status(self) -> int:
        """The status of the answer to what was refused."""
        return 403 if self.has_error("token", "wrong") else 400


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def first_run(request: HttpRequest) -> HttpResponse:
    """Make the first owner and sign them in; there is no such page once there is one."""
    if not setup.is_open():
        raise Http404
    if request.method != "POST":
        return _page(request, SetupForm())
    form = SetupForm(request.POST)
    if wait := setup.seconds_to_wait(request):
        form = SetupForm(initial=request.POST.dict())
        return _page(request, form, refusal=limits.refuse(request, wait), status=429)
    try:
        owner = form.make_owner()
    except setup.AlreadyOwned:
        raise Http404 from None
    if owner is None:
        return _page(request, form, status=form.status)
    return complete_signup(request, owner, "mandatory", reverse("admin:index"))


def _page(request: HttpRequest, form: SetupForm, status: int = 200, **context: str) -> HttpResponse:
    return render(request, "accounts/first_run.html", {"form": form, **context}, status=status)
