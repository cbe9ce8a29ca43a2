from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.limits import refuse
from waitlist import limits
from waitlist.forms import JoinForm


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Show the form and take it; a new address, a known one and a robot's go the same way."""
    if request.method != "POST":
        return render(request, "waitlist/join.html", {"form": JoinForm()})
    form = JoinForm(request.POST)
    if not form.is_valid():
        return render(request, "waitlist/join.html", {"form": form}, status=400)
    if wait := limits.count(request).wait:
        form.add_error(None, refuse(request, wait))
        return render(request, "waitlist/join.html", {"form": form}, status=429)
    form.join()
    return redirect("waitlist:thanks")


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    return render(request, "waitlist/thanks.html")
