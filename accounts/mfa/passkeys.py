"""Passkeys and security keys: what a browser answers, and which of them may be removed."""

import json
import struct
from typing import Any
from urllib.parse import urlsplit

from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as allauth_forms
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from cryptography.exceptions import InvalidSignature
from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.http.request import split_domain_port
from django.shortcuts import redirect
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    CollectedClientData,
    RegistrationResponse,
)

from accounts.events import Event
from accounts.mfa.adapter import PASSKEY_NOT_ACCEPTED
from accounts.models import User
from accounts.signin.ways import hold, is_only_way_in
from accounts.verbs import Verb

ONLY_WAY_IN = (
    "This passkey is the only way to sign in to your account. Set a password or add another "
    "passkey first."
)
# What fido2's parsers raise for an answer that no browser gave.
MALFORMED = (
    ValueError, TypeError, LookupError, AttributeError, NotImplementedError, RecursionError,
    struct.error,
)  # fmt: skip


class CredentialField(forms.CharField):
    """A browser's answer, which a script puts there: parsed, and without what nobody asked for."""

    widget = forms.HiddenInput
    default_error_messages = {"required": PASSKEY_NOT_ACCEPTED}

    def clean(self, value: Any) -> dict[str, Any]:
        answer = super().clean(value)
        try:
            return self.parse(json.loads(answer))
        except MALFORMED:
            raise forms.ValidationError(PASSKEY_NOT_ACCEPTED, code="invalid") from None

    def parse(self, answer: Any) -> dict[str, Any]:
        response = AuthenticationResponse.from_dict(answer)
        _check_origin(response.response.client_data)
        return dict(response)


class NewCredentialField(CredentialField):
    """The answer that brings a new key, which is kept: its key has to be one that can sign."""

    def parse(self, answer: Any) -> dict[str, Any]:
        response = RegistrationResponse.from_dict(answer)
        _check_origin(response.response.client_data)
        _check_key(response.response.attestation_object.auth_data.credential_data)
        discoverable = response.client_extension_results.get("credProps", {}).get("rk")
        known = {"credProps": {"rk": discoverable}} if isinstance(discoverable, bool) else {}
        return dict(response) | {"clientExtensionResults": known}


class AddPasskeyForm(allauth_forms.AddWebAuthnForm):
    name = forms.CharField(
        max_length=100, required=False, help_text="So that you can tell it from your others."
    )
    passwordless = forms.BooleanField(
        label="Sign in with it alone, without a password", required=False, initial=True
    )
    credential = NewCredentialField()
    field_order = ["name", "passwordless"]


class SignupPasskeyForm(allauth_forms.SignupWebAuthnForm):
    name = forms.CharField(
        max_length=100, required=False, help_text="So that you can tell it from others, later on."
    )
    credential = NewCredentialField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs["user"] is None:  # deleted since they signed up
            raise ImmediateHttpResponse(redirect("account_login"))
        super().__init__(*args, **kwargs)


class ProofForm(forms.Form):
    """What the forms below share with allauth's: one that is refused is on record.

    Of a sign-in without a password it is on nobody's: whose it is, the answer itself claims.
    """

    user: User | None

    def clean_credential(self) -> Authenticator:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except forms.ValidationError as error:
            if error.code == "incorrect_code":  # a limit has another
                Event.record(Verb.SIGN_IN_FAILED, by=None, subject=self.user, method="passkey")
            raise


class AuthenticateForm(ProofForm, allauth_forms.AuthenticateWebAuthnForm):
    credential = CredentialField()


class ReauthenticateForm(ProofForm, allauth_forms.ReauthenticateWebAuthnForm):
    credential = CredentialField()


class LoginForm(ProofForm, allauth_forms.LoginWebAuthnForm):
    credential = CredentialField()


class RenameForm(allauth_forms.EditWebAuthnForm):
    name = forms.CharField(max_length=100)


class RemoveView(RemoveWebAuthnView):
    """allauth's, but an account without a password keeps a passkey to sign in with."""

    def form_valid(self, form: forms.Form) -> HttpResponse:
        with transaction.atomic():
            hold(self.request.user)  # of two removed at once, the second then sees one left
            if is_only_way_in(self.object):
                messages.error(self.request, ONLY_WAY_IN)
                return redirect(self.success_url)
            return super().form_valid(form)


remove = RemoveView.as_view()


def _check_origin(client_data: CollectedClientData) -> None:
    """Raise one of MALFORMED for what another page than ours was told.

    fido2 also takes a page of any subdomain, which somebody else may run.
    """
    host = split_domain_port(context.request.get_host())[0]
    if urlsplit(client_data.origin).hostname != host:
        raise ValueError


def _check_key(credential: AttestedCredentialData | None) -> None:
    """Raise one of MALFORMED for a key that could not check a signature."""
    if credential is None:
        raise ValueError
    try:
        credential.public_key.verify(b"", b"")
    except InvalidSignature:
        return
