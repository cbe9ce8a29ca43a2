from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from waitlist.forms import JoinForm
from waitlist.models import Attempt


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Show the form and take it; a new address, a known one and a robot's go the same way."""
    if request.method != "POST":
        return render(request, "waitlist/join.html", {"form": JoinForm()})
    form = JoinForm(request.POST)
    if not form.is_valid():
        return render(request, "waitlist/join.html", {"form": form}, status=400)
    if wait := Attempt.seconds_to_wait(request):
        form.add_error(None, f"Too many attempts. Try again in {wait} seconds.")
        response = render(request, "waitlist/join.html", {"form": form}, status=429)
        response["Retry-After"] = str(wait)
        return response
    form.join()
    return redirect("waitlist:thanks")


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    return render(request, "waitlist/thanks.html")
