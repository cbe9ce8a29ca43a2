"""Handing an organization over: the offer, and the answer to it."""

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.impersonation import theirs_alone
from accounts.signin.reauthentication import fresh_sign_in_required
from orgs.access import MemberRequest, requires
from orgs.forms.ownership import TransferForm
from orgs.limits import LimitReached
from orgs.models import Membership, Transfer
from orgs.roles import Permission
from orgs.transfers import CannotTransfer
from orgs.views.answers import form_page


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.TRANSFER_OWNERSHIP)
@fresh_sign_in_required
def transfer_new(request: MemberRequest, slug: str) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = TransferForm(data, candidates=_candidates(request.membership))
    if form.is_valid():
        try:
            transfer = Transfer.offer(form.cleaned_data["membership"], by=request.membership)
        except CannotTransfer as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, f"{transfer.recipient} is asked to take over.")
            return redirect(request.organization)
    context = {
        "form": form,
        "transfer": Transfer.concerning(request.membership),
        "hours": settings.TRANSFER_HOURS,
    }
    return form_page(request, "orgs/transfer_new.html", context)


@require_POST
@requires(Permission.TRANSFER_OWNERSHIP)
def transfer_revoke(request: MemberRequest, slug: str) -> HttpResponse:
    try:
        request.organization.transfer.revoke(by=request.membership)
    except Transfer.DoesNotExist:
        messages.info(request, "There is no offer any more: it was answered, or no longer counts.")
    else:
        messages.success(request, "You took the offer back. You stay the primary owner.")
    return redirect(request.organization)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.SEE_ORGANIZATION)  # the offer says whose it is: 404 for anybody else
@fresh_sign_in_required
def transfer_accept(request: MemberRequest, slug: str) -> HttpResponse:
    """What taking over means; sending the form takes over."""
    try:
        transfer = _offer_to(request.membership)
        if request.method == "POST":
            transfer.accept(by=request.membership)
            messages.success(request, f"You are the primary owner of {request.organization}.")
            return redirect(request.organization)
    except Transfer.DoesNotExist:
        return render(request, "orgs/transfer_closed.html", status=404)
    except (CannotTransfer, LimitReached) as refusal:
        context = {"transfer": transfer, "refusal": " ".join(refusal.messages)}
        return form_page(request, "orgs/transfer_accept.html", context)
    return form_page(request, "orgs/transfer_accept.html", {"transfer": transfer})


@require_POST
@requires(Permission.SEE_ORGANIZATION)
@theirs_alone
def transfer_decline(request: MemberRequest, slug: str) -> HttpResponse:
    try:
        transfer = _offer_to(request.membership)
        transfer.decline(by=request.membership)
    except Transfer.DoesNotExist:
        return render(request, "orgs/transfer_closed.html", status=404)
    messages.success(request, f"You declined. {transfer.offered_by} stays the primary owner.")
    return redirect(request.organization)


def _offer_to(member: Membership) -> Transfer:
    return Transfer.objects.with_people().get(membership=member)


def _candidates(owner: Membership) -> QuerySet[Membership]:
    others = owner.organization.memberships.exclude(pk=owner.pk).select_related("user")
    return others.filter(is_admin=True, user__is_active=True).order_by("user__name", "user__email")
