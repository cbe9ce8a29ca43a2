"""What allauth asks us: where we differ from its defaults."""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context as current
from allauth.core.exceptions import ImmediateHttpResponse
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import client, devices, limits, links, time_zones
from accounts.bans import ban_page
from accounts.claims import claim
from accounts.events import Event
from accounts.models import User
from accounts.outbox import queue
from accounts.signin import known_devices
from accounts.signin.reauthentication import require_fresh_sign_in
from accounts.signup import admitted, is_open, use_pass
from accounts.verbs import Verb

# How long what is in an email works, in seconds: later than that it is not sent.
LIFETIMES = {
    "account/email/email_confirmation": settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT,
    "account/email/email_confirmation_signup": settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT,
    "account/email/login_code": settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT,
    "account/email/reauthentication_code": settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT,
    "account/email/password_reset_key": settings.PASSWORD_RESET_TIMEOUT,
}


# What allauth calls otherwise than our other pages do.
WAYS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code of your app or a recovery code",
    "mfa_reauthenticate:webauthn": "Use a passkey or security key",
}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "The email address or the password is wrong.",
        "email_taken": "Another account has this address. Sign in to that account with a code by "
        "email and delete it, and then add the address here.",
        "incorrect_code": "This is not the code of our latest email. Check it, or send a new one.",
    }

    def validation_error(self, code: str, *args: Any) -> forms.ValidationError:
        """Return allauth's error; one about a limit says when to try again."""
        if wait := limits.seconds_to_wait(self.request):
            return forms.ValidationError(limits.refuse(self.request, wait), code=code)
        return super().validation_error(code, *args)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Return what failed sign-ins are counted by: the account, whichever address is typed.

        allauth adds the host as it was asked for: with 'Host: example.com:1', ':2' and so on a
        guesser would have five more tries each time.
        """
        return known_devices.counted_as(request, credentials.get("email", ""))

    def clean_email(self, email: str) -> str:
        return User.objects.normalize_email(super().clean_email(email))

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return is_open(request)

    def save_user(
        self, request: HttpRequest, user: User, form: forms.Form, commit: bool = True
    ) -> User:
        user.name = form.cleaned_data["name"]
        user.time_zone = time_zones.told_by_browser(request.POST)
        return super().save_user(request, user, form, commit)

    def unstash_verified_email(self, request: HttpRequest) -> str | None:
        """Return the address that a pass (accounts.signup) has proved, and use the pass up."""
        return use_pass(request)

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        return admitted(request) == email

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Confirm the address, and with the first one the account.

        Another account may have confirmed it a moment ago: then say so.
        """
        is_new = not email_address.pk
        try:
            with transaction.atomic():
                claim(email_address.user, request)
                confirmed = super().confirm_email(request, email_address)
        except IntegrityError:
            self.add_message(
                request,
                messages.ERROR,
                "account/messages/email_confirmation_failed.txt",
                {"email": email_address.email},
            )
            return False
        if confirmed and is_new:
            added = {"added_email": email_address.email}
            self.send_notification_mail("account/email/email_added", email_address.user, added)
        return confirmed

    def get_login_stages(self) -> list[str]:
        ours = "accounts.signin.pending"
        return [f"{ours}.Begin", *super().get_login_stages(), f"{ours}.Finish"]

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in who has proved who they are, in whatever way; a banned person reads why not."""
        if user.is_banned:
            raise ImmediateHttpResponse(ban_page(request, user))
        super().login(request, user)

    @transaction.atomic
    def set_password(self, user: User, password: str) -> None:
        """Change the password of who is signed in, or reset that of who followed our link."""
        is_signed_in = self.request.user == user
        super().set_password(user, password)
        verb = Verb.PASSWORD_CHANGED if is_signed_in else Verb.PASSWORD_RESET
        Event.record(verb, by=user)

    @transaction.atomic
    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        Event.record(Verb.PASSWORD_RESET_ASKED, by=None, subject=user)
        super().send_password_reset_mail(user, email, context)

    def post_login(self, request: HttpRequest, user: User, **login: Any) -> HttpResponse:
        response = super().post_login(request, user, **login)
        known_devices.greet(request, response, user, is_new=login["signup"])
        return response

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Raise what leads to a fresh sign-in instead of answering.

        allauth would let people pass who have neither a password nor a second factor.
        """
        require_fresh_sign_in(self.request)
        return False

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, str]]:
        """Return the ways to confirm that it is you, best first; a code by email is the last."""
        if self.request.session.impersonator_id:
            return []
        ways = super().get_reauthentication_methods(user)
        return [way | {"description": WAYS.get(way["id"], way["description"])} for way in ways] or [
            {
                "id": "email_code",
                "description": "Email me a code",
                "url": reverse("accounts:confirmation"),
            }
        ]

    def is_safe_url(self, url: str) -> bool:
        """Whether `next` stays on this host; what cannot be read as an address does not."""
        request = current.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def get_client_ip(self, request: HttpRequest) -> str:
        return client.ip(request.META) or "unknown"

    def get_http_user_agent(self, request: HttpRequest) -> str:
        """Return the browser as people call it, for emails that say where something was done."""
        return devices.describe(client.user_agent(request.META))

    def get_reset_password_from_key_url(self, key: str) -> str:
        uid, _, token = key.partition("-")
        return links.absolute(
            reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})
        )

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue the email, in the transaction of what it speaks of where allauth has one."""
        told = {"site": links.site(), "site_name": settings.SITE_NAME, "email": email}
        seconds = LIFETIMES.get(template_prefix)
        expires = timezone.now() + timedelta(seconds=seconds) if seconds else None
        queue(self.render_mail(template_prefix, email, told | context), expires=expires)
