"""A person's own pages, beside those that allauth brings."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.text import slugify
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_POST, require_safe

from accounts import own_data
from accounts.erasure import obstacles
from accounts.events import Event
from accounts.forms import AvatarForm, ErasureForm, ProfileForm
from accounts.models import Avatar, User
from accounts.roles import LastOwner
from accounts.signin.reauthentication import fresh_sign_in_required
from accounts.verbs import Verb

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
    with transaction.atomic():
        form.instance.save(update_fields=form.fields)
        if "name" in form.changed_data:  # by which others know who they deal with
            Event.record(Verb.ACCOUNT_EDITED, by=request.user, fields=["name"])
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
@login_required
def data(request: PersonRequest) -> HttpResponse:
    return render(request, "accounts/data.html")


@require_POST
@login_required
@fresh_sign_in_required
def data_download(request: PersonRequest) -> HttpResponseBase:
    name = f"{slugify(settings.SITE_NAME)}-{timezone.now():%Y-%m-%d}.json"
    return StreamingHttpResponse(
        own_data.pieces(request.user),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_safe
@login_required
def erasure(request: PersonRequest) -> HttpResponse:
    return _erasure_page(request, ErasureForm(person=request.user))


@login_required
@fresh_sign_in_required
def erase(request: PersonRequest) -> HttpResponse:
    if request.method != "POST":
        return redirect("accounts:erasure")
    form = ErasureForm(request.POST, person=request.user)
    if form.is_valid():
        try:
            request.user.erase(by=request.user)
        except LastOwner as refusal:
            form.add_error(None, str(refusal))
        except IntegrityError:  # something began to need them since they saw the page
            form.add_error(None, "Your account cannot be deleted yet.")
        else:
            request.session.flush()
            return redirect("accounts:erased")
    return _erasure_page(request, form)


@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/erased.html")


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


def _erasure_page(request: PersonRequest, form: ErasureForm) -> HttpResponse:
    context = {"form": form, "obstacles": obstacles(request.user)}
    return render(request, "accounts/erasure.html", context)


def _profile_page(request: PersonRequest, **refused: AvatarForm | ProfileForm) -> HttpResponse:
    forms = {"form": ProfileForm(instance=request.user), "avatar_form": AvatarForm()}
    return render(request, "accounts/profile.html", forms | refused)
