"""A person's own pages, beside those that allauth brings."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.forms import ProfileForm


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/profile.html", {"form": ProfileForm(instance=request.user)})


@login_required
def profile_change(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":  # the address of a form that was refused, opened anew
        return redirect("accounts:profile")
    form = ProfileForm(request.POST, instance=request.user)
    if not form.is_valid():
        return render(request, "accounts/profile.html", {"form": form})
    form.instance.save(update_fields=form.fields)
    messages.success(request, "Your profile was changed.")
    return redirect("accounts:profile")
