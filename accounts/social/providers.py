"""The way to the providers and back, in place of allauth's: POST only, and never an error 500."""

import logging
from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.core.ratelimit import consume_or_429
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base import AuthProcess, Provider
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.core.exceptions import ImproperlyConfigured
from django.db import DataError, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from requests import RequestException

from accounts.signin.reauthentication import require_fresh_sign_in

# What allauth stumbles over when a provider answers something else than it should.
RUBBISH = (LookupError, TypeError, ValueError, AttributeError, ImproperlyConfigured, DataError)

logger = logging.getLogger(__name__)


def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead to the provider; a link (GET) only shows the button that does.

    Not by a redirect: our content security policy lets forms lead to this site alone, which
    browsers apply to what a form is redirected to, and nobody knows all the hosts on a company's
    way to its sign-in page. A page that moves on needs no exception.
    """
    provider = _provider(request, provider_id)
    is_connecting = request.POST.get("process", request.GET.get("process")) == AuthProcess.CONNECT
    process = AuthProcess.CONNECT if is_connecting else AuthProcess.LOGIN
    if request.method != "POST":
        return render(
            request, "socialaccount/login.html", {"provider": provider, "process": process}
        )
    if refusal := consume_or_429(request, action="provider"):
        return refusal
    if is_connecting:
        require_fresh_sign_in(request)
    try:
        # Neither scopes nor other parameters come from the request, as allauth's own view allows.
        there = provider.redirect(request, process, next_url=get_next_redirect_url(request))
    except (RequestException, *RUBBISH) as error:
        return render_authentication_error(request, provider, exception=error)
    return render(request, "socialaccount/leaving.html", {"provider": provider, "url": there.url})


def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take whoever comes back from the provider."""
    provider = _provider(request, provider_id)
    view = OAuth2CallbackView.adapter_view(provider.get_oauth2_adapter(request))
    try:
        return view(request)
    except (IntegrityError, *RUBBISH) as error:
        logger.exception("Coming back from %s ended in an error.", provider_id)
        return render_authentication_error(request, provider, exception=error)


def _provider(request: HttpRequest, provider_id: str) -> Provider:
    try:
        return get_adapter().get_provider(request, provider_id)
    except SocialApp.DoesNotExist:
        raise Http404 from None


def _routes(provider_id: str, name: str) -> list[Any]:
    """Return the two addresses of a provider under the names that allauth looks for."""
    here = {"provider_id": provider_id}
    return [
        path(f"{provider_id}/login/", begin, here, name=f"{name}_login"),
        path(f"{provider_id}/login/callback/", callback, here, name=f"{name}_callback"),
    ]


urlpatterns = [
    *_routes("google", "google"),
    *_routes("github", "github"),
    *_routes("microsoft", "microsoft"),
    *_routes("oidc", "openid_connect"),
]
