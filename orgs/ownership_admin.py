"""Primary owners in the admin, and putting somebody in the place of one who is out of use."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path

from accounts.admin.powers import user_of
from accounts.browsing import AgeFilter, ReadOnly, address_of, link_to
from accounts.forms import EmailField
from orgs.models import Membership, Organization, Ownership, Transfer
from orgs.transfers import assign

SEARCHED = "The beginning of an email address or of an organization’s web address"


class AssignForm(forms.Form):
    """Who takes over, by their address: there may be a hundred thousand members."""

    dangerous = True  # for admin/deed.html

    email = EmailField(label="Email address of the member who takes over")
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For the audit trail. Only the platform’s staff read it.",
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization

    def clean_email(self) -> Membership:
        """Return the member."""
        members = self.organization.memberships.select_related("user")
        member = members.filter(user__email=self.cleaned_data["email"]).first()
        if member is None:
            raise ValidationError(f"Nobody with this address is a member of {self.organization}.")
        member.organization = self.organization
        return member


@admin.register(Ownership)
class OwnershipAdmin(ReadOnly):
    """It goes with its organization, never on a page of its own."""

    list_display = ["created", "organization", "user"]
    list_filter = [AgeFilter]
    list_select_related = ["organization", "organization_user__user"]
    search_fields = [
        "organization__slug__startswith",
        "organization_user__user__email__startswith",
    ]
    search_help_text = SEARCHED
    fields = ["organization", "user", "created", "modified"]
    readonly_fields = ["user"]

    @admin.display
    def user(self, ownership: Ownership) -> str:
        return link_to(ownership.organization_user.user)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.assign)
        return [path("<uuid:pk>/assign/", view, name="orgs_ownership_assign"), *super().get_urls()]

    def assign(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Put another member in the place of the primary owner; for owners of the platform."""
        if not user_of(request).is_superuser:
            raise PermissionDenied("Only an owner of the platform can do this.")
        people = Ownership.objects.select_related("organization", "organization_user__user")
        ownership = get_object_or_404(people, pk=pk)
        organization = ownership.organization
        data = request.POST if request.method == "POST" else None
        form = AssignForm(data, organization=organization)
        if form.is_valid() and _is_assigned(form, request):
            owner = form.cleaned_data["email"].user
            messages.success(request, f"{owner} is the primary owner of {organization}.")
            return redirect(_page(organization))
        return self._render(request, form, ownership)

    def _render(self, request: HttpRequest, form: AssignForm, ownership: Ownership) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Assign another primary owner",
            "opts": self.opts,
            "form": form,
            "organization": ownership.organization,
            "owner": ownership.organization_user.user,
            "back": _page(ownership.organization),
        }
        return render(request, "admin/orgs/ownership/assign.html", context)


def _is_assigned(form: AssignForm, request: HttpRequest) -> bool:
    """Do it; say in the form why it was refused."""
    member, reason = form.cleaned_data["email"], form.cleaned_data["reason"]
    try:
        assign(member, by=user_of(request), reason=reason)
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return False
    except ObjectDoesNotExist:
        raise Http404("The organization was deleted meanwhile.") from None
    return True


def _page(organization: Organization) -> str:
    return address_of(Organization, "change", organization.pk)


@admin.register(Transfer)
class TransferAdmin(ReadOnly):
    """Who is asked to take over. Only the two of them change that."""

    list_display = ["created", "organization", "recipient", "expires"]
    list_filter = [AgeFilter]
    list_select_related = ["organization", "membership__user"]
    search_fields = ["organization__slug__startswith", "membership__user__email__startswith"]
    search_help_text = SEARCHED
    fields = ["organization", "recipient", "created", "expires"]
    readonly_fields = ["recipient"]

    @admin.display(description="offered to")
    def recipient(self, transfer: Transfer) -> str:
        return link_to(transfer.recipient)
