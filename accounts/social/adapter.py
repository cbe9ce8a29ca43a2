"""Signing in with an account elsewhere: where we differ from allauth's defaults.

An address counts as verified only on the word of a provider that checks it: Google, GitHub and the
configured OpenID Connect provider. Microsoft's never does, since anybody may write any address
into a directory of their own.
"""

import logging
from copy import copy
from typing import Any

from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, get_adapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess, Provider, ProviderException
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.expressions import DatabaseDefault
from django.http import HttpRequest
from django.shortcuts import render

from accounts import names
from accounts.addresses import LENGTH, validate_address
from accounts.events import Event
from accounts.models import User
from accounts.signup import admitted, use_pass
from accounts.verbs import Verb

KEPT = ("username", "email", "name", "hd")  # of what a provider tells; for 'Connected accounts'

logger = logging.getLogger(__name__)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Return the providers of the settings, and none from the table of SocialApp.

        Whoever could write such a row would decide who gets in, and it would hold a secret.
        """
        apps = [
            SocialApp(provider=kind, **app)
            for kind, configured in settings.SOCIALACCOUNT_PROVIDERS.items()
            for app in configured["APPS"]
        ]
        return [
            app
            for app in apps
            if (not provider or provider in (app.provider, app.provider_id))
            and (not client_id or client_id == app.client_id)
        ]

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]
    ) -> User:
        """Take over what the provider tells of somebody, as far as it is fit to be kept.

        Raises ProviderException where it contradicts itself.
        """
        _identify(sociallogin.account, sociallogin.provider)
        sociallogin.email_addresses = _one_address(request, sociallogin.email_addresses)
        told = sociallogin.account.extra_data | {
            "username": data.get("username"),
            "name": data.get("name")
            or " ".join(filter(None, [data.get("first_name"), data.get("last_name")])),
            "email": "".join(address.email for address in sociallogin.email_addresses),
        }
        sociallogin.account.extra_data = {key: told[key] for key in KEPT if _is_text(told.get(key))}
        user = sociallogin.user
        user.email = told["email"]
        user.name = _name(told["name"])
        return user

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """Return whose confirmed address the provider answers for, and that address.

        They are signed in, and the account elsewhere is connected to theirs, of which an email
        tells them. An address that nobody confirmed here leads to no account.
        """
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            return None
        for address in sociallogin.email_addresses:
            if address.verified and self.can_authenticate_by_email(sociallogin, address.email):
                held = _confirmed(address.email)
                return (held.user, held.email) if held else None
        return None

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        """Whether the provider knows that the address is this person's today.

        The operator chose the OpenID Connect provider for that. Google knows it of the mailboxes
        that it runs itself, as it says in 'Verify the Google ID token'. Others, GitHub too, know
        who had the address when it was checked, which may be years ago.
        """
        if login.provider.id == "google":
            return email.endswith("@gmail.com") or "hd" in login.account.extra_data
        return login.provider.id == "openid_connect"

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Stop here if the person's address has an account that the provider cannot open.

        They may be told so, since a provider that checks addresses says that it is theirs.
        """
        is_connecting = sociallogin.state.get("process") == AuthProcess.CONNECT
        if is_connecting or sociallogin.is_existing:
            return
        for address in sociallogin.email_addresses:
            if address.verified and _confirmed(address.email):
                context = {"provider": sociallogin.provider, "email": address.email}
                page = render(request, "socialaccount/address_known.html", context)
                raise ImmediateHttpResponse(page)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whether sign-up is open, or this visitor has a pass for the very address."""
        held = admitted(request)
        if held and held in [address.email for address in sociallogin.email_addresses]:
            return True
        return settings.SIGNUP_MODE == "open"

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whether there is nothing left to ask for, and nothing that only the provider claims."""
        return bool(sociallogin.user.name) and is_settled(request, sociallogin)

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Return the new person, made together with their account elsewhere or not at all.

        Of several first sign-ins at the same moment the database lets one pass; the others go on
        as if they had come later.
        """
        if form:
            addresses = sociallogin.email_addresses
            sociallogin.email_addresses = [address for address in addresses if address.verified]
        if admitted(request) != (form.cleaned_data["email"] if form else sociallogin.user.email):
            use_pass(request)  # it would confirm another address, which nobody asked for
        pending = sociallogin.serialize()
        try:
            with transaction.atomic():
                user = super().save_user(request, sociallogin, form)
                Event.record(Verb.SIGNED_UP, by=user, provider=sociallogin.account.provider)
                return user
        except IntegrityError:
            if "late" in sociallogin.state:
                raise
            late = SocialLogin.deserialize(pending)
            late.state["late"] = True
            raise ImmediateHttpResponse(complete_social_login(request, late)) from None

    def serialize_instance(self, instance: models.Model) -> dict[str, Any]:
        """Leave out what the database is to set: allauth cannot write that down."""
        known = copy(instance)
        for name, value in [*known.__dict__.items()]:
            if isinstance(value, DatabaseDefault):
                del known.__dict__[name]
        return super().serialize_instance(known)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Provider,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Log why, without the error's text: it may repeat codes and tokens."""
        logger.warning(
            "Sign-in with %s failed: %s",
            provider.id,
            type(exception).__name__ if exception else error,
        )


def connected(user: User) -> models.QuerySet[SocialAccount]:
    """Return the person's accounts at providers that are configured, oldest first."""
    providers = [app.provider_id or app.provider for app in get_adapter().list_apps(None)]
    return SocialAccount.objects.filter(user=user, provider__in=providers).order_by("pk")


def is_settled(request: HttpRequest, sociallogin: SocialLogin) -> bool:
    """Whether the address is known to be this person's: by the provider, or by their pass."""
    return any(
        address.verified or address.email == admitted(request)
        for address in sociallogin.email_addresses
    )


def _identify(account: SocialAccount, provider: Provider) -> None:
    """Have the account known by who the provider says it is; raise ProviderException in doubt."""
    if provider.id == "openid_connect":
        claims = account.extra_data["id_token"]
        # Userinfo counts for the subject of the ID token alone (OpenID Connect Core 5.3.2).
        if account.extra_data["userinfo"]["sub"] != claims["sub"]:
            raise ProviderException("Userinfo tells of somebody else than the ID token.")
        # A subject is unique with its issuer only, and OIDC_ISSUER may change one day.
        account.uid = f"{claims['sub']} {claims['iss']}"


def _one_address(request: HttpRequest, addresses: list[EmailAddress]) -> list[EmailAddress]:
    """Return the address to be known by: that of the visitor's pass, or the best, or none.

    Only one, because a provider may have checked the others years ago.
    """
    fit = [address for address in addresses if _is_address(address.email)]
    for address in fit:
        # Some providers write "false", which is as true as any text.
        address.verified = address.verified is True or address.verified == "true"
    held = admitted(request)
    fit.sort(key=lambda address: (address.email == held, address.verified), reverse=True)
    return fit[:1]


def _is_address(email: str) -> bool:
    try:
        validate_address(email)
    except ValidationError:
        return False
    return len(email) <= LENGTH


def _name(name: Any) -> str:
    """Return the name, or '' if nobody may be called so: then the person is asked."""
    if not isinstance(name, str) or len(name) > names.LENGTH:
        return ""
    try:
        names.validate_name(name)
    except ValidationError:
        return ""
    return name.strip()


def _is_text(value: Any) -> bool:
    """Whether this is text that can be stored and shown."""
    if not isinstance(value, str) or not 0 < len(value) <= LENGTH:
        return False
    return not any(map(names.is_invisible, value))


def _confirmed(email: str) -> EmailAddress | None:
    """Return the address as somebody confirmed it here, with its person."""
    addresses = EmailAddress.objects.filter(email=email, verified=True)
    return addresses.select_related("user").first()
