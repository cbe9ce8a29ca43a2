"""A person's own pages, beside those that allauth brings."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import AvatarForm, ProfileForm
from accounts.models import Avatar, User

A_YEAR = 365 * 24 * 60 * 60  # seconds


class PersonRequest(HttpRequest):
    """What a view gets that only signed-in people reach."""

    user: User


@login_required
def profile(request: PersonRequest) -> HttpResponse:
    return _profile_page(request)


@login_required
def profile_change(request: PersonRequest) -> HttpResponse:
    if request.method != "POST":  # the address of a form that was refused, opened anew
        return redirect("accounts:profile")
    form = ProfileForm(request.POST, instance=request.user)
    if not form.is_valid():
        return _profile_page(request, form=form)
    form.instance.save(update_fields=form.fields)
    messages.success(request, "Your profile was changed.")
    return redirect("accounts:profile")


@login_required
def avatar_change(request: PersonRequest) -> HttpResponse:
    if request.method != "POST":
        return redirect("accounts:profile")
    form = AvatarForm(request.POST, request.FILES)
    if not form.is_valid():
        return _profile_page(request, avatar_form=form)
    request.user.change_avatar(form.cleaned_data["image"])
    messages.success(request, "Your picture was changed.")
    return redirect("accounts:profile")


@require_POST
@login_required
def avatar_remove(request: PersonRequest) -> HttpResponse:
    request.user.change_avatar(None)
    messages.success(request, "Your picture was removed.")
    return redirect("accounts:profile")


@require_safe
@csp_override({"default-src": [CSP.NONE], "sandbox": [""]})
def avatar(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A picture, to whoever knows its address, which is random and new with each upload.

    No session is read. Browsers keep it for good, shared caches do not: one that its person
    removed is gone from everywhere but where it was already seen.
    """
    image = Avatar.objects.filter(pk=pk).values_list("image", flat=True).first()
    if image is None:
        raise Http404("No such picture.")
    headers = {"Cache-Control": f"private, max-age={A_YEAR}, immutable"}
    return HttpResponse(bytes(image), content_type="image/webp", headers=headers)


def _profile_page(request: PersonRequest, **refused: AvatarForm | ProfileForm) -> HttpResponse:
    forms = {"form": ProfileForm(instance=request.user), "avatar_form": AvatarForm()}
    return render(request, "accounts/profile.html", forms | refused)
