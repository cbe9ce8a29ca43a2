"""The settings of an organization: its name and address, logo, metadata, and its end."""

from copy import copy

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signin.reauthentication import require_fresh_sign_in
from orgs.access import MemberRequest, requires
from orgs.forms.organizations import TAKEN, DeletionForm, LogoForm, MetadataForm, NameForm
from orgs.roles import Permission
from orgs.views.answers import form_page

# Forms of a page; by GET comes who opens the address of a refused one anew.
takes_form = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@requires(Permission.EDIT_ORGANIZATION)
def organization_settings(request: MemberRequest, slug: str) -> HttpResponse:
    return _settings_page(request)


@takes_form
@requires(Permission.EDIT_ORGANIZATION)
def organization_edit(request: MemberRequest, slug: str) -> HttpResponse:
    if request.method != "POST":
        return redirect("orgs:organization_settings", slug)
    form = NameForm(request.POST, instance=copy(request.organization))
    if form.is_valid():
        try:
            request.organization.edit(by=request.membership, **form.cleaned_data)
        except IntegrityError:  # somebody took it since the form looked
            form.add_error("slug", TAKEN)
        else:
            return _changed(request, "The name and the web address are saved.")
    return _settings_page(request, form=form)


@takes_form
@requires(Permission.EDIT_ORGANIZATION)
def organization_metadata(request: MemberRequest, slug: str) -> HttpResponse:
    if request.method != "POST":
        return redirect("orgs:organization_settings", slug)
    form = MetadataForm(request.POST, instance=copy(request.organization))
    if not form.is_valid():
        return _settings_page(request, metadata_form=form)
    request.organization.edit(by=request.membership, **form.cleaned_data)
    return _changed(request, "The metadata is saved.")


@takes_form
@requires(Permission.EDIT_ORGANIZATION)
def organization_logo(request: MemberRequest, slug: str) -> HttpResponse:
    if request.method != "POST":
        return redirect("orgs:organization_settings", slug)
    form = LogoForm(request.POST, request.FILES)
    if not form.is_valid():
        return _settings_page(request, logo_form=form)
    request.organization.change_logo(form.cleaned_data["image"], by=request.membership)
    return _changed(request, "The logo was changed.")


@require_POST
@requires(Permission.EDIT_ORGANIZATION)
def organization_logo_remove(request: MemberRequest, slug: str) -> HttpResponse:
    request.organization.change_logo(None, by=request.membership)
    return _changed(request, "The logo was removed.")


@takes_form
@requires(Permission.DELETE_ORGANIZATION)
def organization_delete(request: MemberRequest, slug: str) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = DeletionForm(data, organization=request.organization)
    if form.is_bound:
        require_fresh_sign_in(request)
    if form.is_valid():
        request.organization.erase(by=request.membership)
        name = request.organization.name
        messages.success(request, f"{name} is deleted. Its members are told by email.")
        return redirect("orgs:organization_list")
    return form_page(request, "orgs/organization_delete.html", {"form": form})


def _changed(request: MemberRequest, message: str) -> HttpResponse:
    messages.success(request, message)
    return redirect("orgs:organization_settings", request.organization.slug)


def _settings_page(request: MemberRequest, **refused: forms.BaseForm) -> HttpResponse:
    forms = {
        "form": NameForm(instance=request.organization),
        "logo_form": LogoForm(),
        "metadata_form": MetadataForm(instance=request.organization),
    }
    return form_page(request, "orgs/organization_settings.html", forms | refused)
