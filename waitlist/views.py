from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.limits import refuse
from waitlist import limits
from waitlist.forms import JoinForm, source_of
from waitlist.links import BadSignature, SignatureExpired, to_confirm, to_leave
from waitlist.models import Entry
from waitlist.switch import where_enabled


@where_enabled
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Show the form and take it; a new address, a known one and a robot's go the same way."""
    if request.method != "POST":
        return _join_page(request, JoinForm(initial=source_of(request)))
    form = JoinForm(request.POST)
    if not form.is_valid():
        return _join_page(request, form, status=400)
    if wait := limits.count(request).wait:
        form.add_error(None, refuse(request, wait))
        return _join_page(request, form, status=429)
    form.join()
    return redirect("waitlist:thanks")


@where_enabled
@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    return render(request, "waitlist/thanks.html", {"confirms": settings.WAITLIST_CONFIRM})


@where_enabled
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a click that confirms the address: programs that look for viruses open links, too."""
    try:
        email, unsubscribed = to_confirm(token)
    except SignatureExpired:
        return _over(request)
    except BadSignature:
        raise Http404 from None
    entry = Entry.objects.filter(email=email).first()
    if entry is None or entry.unsubscribed not in (None, unsubscribed):
        return _over(request)
    if request.method == "POST":
        return (
            redirect(request.path) if entry.confirm(unsubscribed=unsubscribed) else _over(request)
        )
    is_done = entry.confirmed and not entry.unsubscribed
    return render(request, "waitlist/confirm.html", {"entry": entry, "is_done": is_done})


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Unsubscribe by a click, or by the POST of a mail program (RFC 8058).

    That comes without a cookie, and follows no redirect. The token is all that it needs.
    """
    email, entry = _of_link(token)
    if request.method == "POST" and entry:
        entry.unsubscribe()
        _, entry = _of_link(token)  # which may have been erased meanwhile
    context = {"email": email, "entry": entry, "token": token}
    return render(request, "waitlist/leave.html", context)


@require_POST
def erase(request: HttpRequest, token: str) -> HttpResponse:
    _, entry = _of_link(token)
    if entry:
        entry.erase()
    return redirect("waitlist:leave", token)


def _join_page(request: HttpRequest, form: JoinForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "confirms": settings.WAITLIST_CONFIRM}
    return render(request, "waitlist/join.html", context, status=status)


def _of_link(token: str) -> tuple[str, Entry | None]:
    """Return the address of a link to leave, and its entry if there still is one."""
    try:
        email = to_leave(token)
    except BadSignature:
        raise Http404 from None
    return email, Entry.objects.filter(email=email).first()


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "waitlist/confirm_over.html", status=410)
