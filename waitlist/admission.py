"""The page that a sign-up link opens: it gives a visitor the pass for their address.

Mail scanners open links, so a GET only shows it.
"""

from collections.abc import Callable
from functools import wraps

from allauth.account.models import EmailAddress
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.impersonation import theirs_alone
from accounts.signup import admit
from waitlist import inviting
from waitlist.models import Entry
from waitlist.switch import where_enabled

View = Callable[[HttpRequest, Entry, str], HttpResponse]


def for_whom_it_works(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """Give the view the entry of the link; say what to do where the link leads no further."""

    @never_cache
    @wraps(view)
    def found(request: HttpRequest, token: str) -> HttpResponse:
        try:
            entry = inviting.find(token)
        except Entry.DoesNotExist:
            return _closed(request, status=404)
        if has_joined(entry):
            return _closed(request, obstacle="used", status=410)
        if entry.expires and entry.expires <= timezone.now():
            return _closed(request, obstacle="expired", entry=entry, token=token, status=410)
        return view(request, entry, token)

    return found


@where_enabled
@require_safe
@for_whom_it_works
def invitation(request: HttpRequest, entry: Entry, token: str) -> HttpResponse:
    return render(request, "waitlist/invitation.html", {"entry": entry, "token": token})


@where_enabled
@require_POST
@for_whom_it_works
def invitation_sign_up(request: HttpRequest, entry: Entry, token: str) -> HttpResponse:
    """Let a visitor sign up with the address that waited."""
    if request.user.is_authenticated:
        return redirect("waitlist:invitation", token)
    admit(request, entry.email)
    return redirect("account_signup")


@where_enabled
@require_POST
@never_cache
def invitation_renew(request: HttpRequest, token: str) -> HttpResponse:
    """Send a new link to the address of one that has expired."""
    try:
        inviting.renew(token)
    except Entry.DoesNotExist:
        return redirect("waitlist:invitation", token)  # which says how it stands
    return render(request, "waitlist/invitation_renewed.html")


@where_enabled
@require_POST
@theirs_alone
@for_whom_it_works
def invitation_switch(request: HttpRequest, entry: Entry, token: str) -> HttpResponse:
    """Sign out whoever is signed in, so that the invited person can sign up."""
    logout(request)
    return redirect("waitlist:invitation", token)


def has_joined(entry: Entry) -> bool:
    """Whether somebody signed up with the address, also at the moment it joined the list."""
    accounts = EmailAddress.objects.filter(email=entry.email, verified=True)
    return entry.joined is not None or accounts.exists()


def _closed(request: HttpRequest, *, status: int, **context: object) -> HttpResponse:
    return render(request, "waitlist/invitation_closed.html", context, status=status)
