"""'Confirm that it is you' by a code by email, for people without password and second factor."""

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import passthrough_next_redirect_url
from allauth.account.views import BaseReauthenticateView
from allauth.core import context
from allauth.core.ratelimit import consume_or_429
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from accounts.forms import ConfirmLoginCodeForm

CODE = "confirmation_code"


class CodeForm(ConfirmLoginCodeForm):
    def mailbox(self) -> str:
        return context.request.user.email


@method_decorator(login_required, name="dispatch")
class ConfirmView(BaseReauthenticateView):
    """Takes the code; shows the button that sends one as long as none is on its way."""

    form_class = CodeForm
    template_name = "account/reauthenticate_by_code.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"code": _sent_code(self.request)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(is_sent=bool(_sent_code(self.request)), **kwargs)

    def form_valid(self, form: CodeForm) -> HttpResponse:
        del self.request.session[CODE]
        record_authentication(self.request, self.request.user, "code", reauthenticated=True)
        return super().form_valid(form)

    def form_invalid(self, form: CodeForm) -> HttpResponse:
        if _count_failure(self.request):
            return super().form_invalid(form)
        messages.error(self.request, "This code no longer works. Ask for a new one.")
        return HttpResponseRedirect(self.passthrough_next_url(self.request.path))


@require_POST
@login_required
def confirmation_send(request: HttpRequest) -> HttpResponse:
    """Send a code to the person's primary address; it replaces an earlier one."""
    url = reverse("accounts:confirmation")
    adapter = get_adapter()
    if url not in [way["url"] for way in adapter.get_reauthentication_methods(request.user)]:
        raise PermissionDenied
    email = request.user.email  # type: ignore[union-attr]
    if refusal := consume_or_429(request, action="request_login_code", key=email):
        return refusal
    code = adapter.generate_login_code()
    request.session[CODE] = {"code": code, "at": time.time(), "failures": 0}
    adapter.send_mail("account/email/reauthentication_code", email, {"code": code})
    return redirect(passthrough_next_redirect_url(request, url, REDIRECT_FIELD_NAME))


def _sent_code(request: HttpRequest) -> str:
    """Return the code that waits to be entered, or '' without one, or when it is too old."""
    sent = request.session.get(CODE)
    if not sent or time.time() - sent["at"] > app_settings.LOGIN_BY_CODE_TIMEOUT:
        return ""
    return sent["code"]


def _count_failure(request: HttpRequest) -> bool:
    """Count a wrong code; return whether another try is left."""
    sent = request.session.pop(CODE, None)
    if not sent or sent["failures"] + 1 >= app_settings.LOGIN_BY_CODE_MAX_ATTEMPTS:
        return False
    request.session[CODE] = sent | {"failures": sent["failures"] + 1}
    return True
