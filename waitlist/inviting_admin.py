"""Letting people in from the waitlist, in the admin: the chosen ones, or the next ones by date.

Both first say how many get an email, and ask.
"""

from collections import Counter
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Min, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse

from accounts import limits
from accounts.admin.powers import user_of
from accounts.browsing import Browsable, address_of
from waitlist.forms import TOO_MANY, ChosenForm, NextForm, SureForm
from waitlist.inviting import (
    LIFETIME,
    MOST_AT_ONCE,
    Outcome,
    invite,
    invite_next,
    is_invitable,
    next_in_line,
)
from waitlist.models import Entry
from waitlist.states import State, standing

DAY = 24 * 60 * 60  # seconds
LIST = "admin:waitlist_entry_changelist"
WHY = {
    State.JOINED: "joined already",
    State.UNSUBSCRIBED: "unsubscribed",
    State.UNCONFIRMED: "did not confirm the address yet",
    State.INVITED: "got a link that still works",
}


class Inviting(Browsable):
    actions = ("invite_selected",)

    def has_invite_permission(self, request: HttpRequest) -> bool:
        """Whether this user may let people in, and the links would open anything."""
        return settings.WAITLIST_ENABLED and self.has_change_permission(request)

    def get_urls(self) -> list[URLPattern]:
        pages = {"invite": self.invite_chosen, "invite_next": self.invite_the_next}
        own = [
            path(
                f"{name.replace('_', '-')}/",
                self.admin_site.admin_view(self._for_inviters(page)),
                name=f"waitlist_entry_{name}",
            )
            for name, page in pages.items()
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        told = {"may_invite": self.has_invite_permission(request)}
        return super().changelist_view(request, told | (extra_context or {}))

    @admin.action(description="Invite the chosen people", permissions=["invite"])
    def invite_selected(
        self, request: HttpRequest, entries: QuerySet[Entry]
    ) -> HttpResponse | None:
        """Say how many of the chosen get an email, and who does not, and ask."""
        keys = [str(key) for key in entries.values_list("pk", flat=True)[: MOST_AT_ONCE + 1]]
        if len(keys) > MOST_AT_ONCE:
            messages.error(request, TOO_MANY)
            return None
        states = _states_of(keys)
        number = sum(n for state, n in states.items() if is_invitable(state, again=False))
        working = states[State.INVITED]
        if not number + working:
            messages.warning(request, f"Nobody can be invited.{_left_out(states)}")
            return None
        skipped = {state: n for state, n in states.items() if not is_invitable(state, again=True)}
        return self._ask(
            request,
            f"Invite {_people(number)}" if number else f"Send a new link to {_people(working)}",
            _form_for(keys, number, working),
            action=address_of(Entry, "invite"),
            number=number or working,
            left_out=_left_out(skipped),
        )

    def invite_chosen(self, request: HttpRequest) -> HttpResponse:
        """Invite those who were chosen and asked about."""
        form = ChosenForm(request.POST)
        if request.method == "POST" and form.is_valid():
            chosen, again = form.cleaned_data["entries"], form.cleaned_data["again"]
            _tell(request, invite(chosen, by=user_of(request), again=again))
        elif request.method == "POST":
            messages.error(request, " ".join(map(str, form.errors["entries"])))
        return redirect(LIST)

    def invite_the_next(self, request: HttpRequest) -> HttpResponse:
        """Ask how many, say who that would be, and invite them."""
        sure, form = SureForm(request.POST), NextForm(request.POST or None)
        if sure.is_valid():
            _invite_once(request, **sure.cleaned_data)
            return redirect(LIST)
        if form.is_valid():
            line = next_in_line()[: form.cleaned_data["number"]].aggregate(
                number=Count("pk"), first=Min("created"), last=Max("created")
            )
            if line["number"]:
                sure = SureForm(initial={"number": line["number"]})
                return self._ask(request, f"Invite {_people(line['number'])}", sure, **line)
            form.add_error("number", "Nobody is waiting.")
        return self._ask(request, "Invite the next people", form, button="Continue")

    def _for_inviters(self, page: Callable[[HttpRequest], HttpResponse]) -> Any:
        @wraps(page)
        def allowed(request: HttpRequest) -> HttpResponse:
            if not self.has_invite_permission(request):
                raise PermissionDenied
            return page(request)

        return allowed

    def _ask(
        self, request: HttpRequest, title: str, form: forms.Form, **context: Any
    ) -> HttpResponse:
        context |= self.admin_site.each_context(request)
        context |= {"title": title, "form": form, "opts": self.opts, "back": reverse(LIST)}
        return render(
            request, "admin/waitlist/entry/invite.html", {"days": LIFETIME.days, **context}
        )


def _invite_once(request: HttpRequest, number: int, sure: UUID) -> None:
    """Invite the next ones, unless this page's button was pressed before: they are others now."""
    if limits.count("waitlist_invite", str(sure), 1, DAY).wait:
        messages.warning(request, "The button was pressed twice, and counted once.")
    else:
        _tell(request, invite_next(number, by=user_of(request)))


def _states_of(keys: Collection[str]) -> Counter[State]:
    """Return how many of these entries are in each state."""
    rows = Entry.objects.filter(pk__in=keys).annotate(state=standing()).values("state")
    counts = rows.order_by().annotate(number=Count("pk")).values_list("state", "number")
    return Counter({State(state): number for state, number in counts})


def _form_for(keys: list[str], number: int, working: int) -> ChosenForm:
    """Return the form that asks; where nobody else can be invited, a new link is meant."""
    again = {} if number else {"again": "on"}
    form = ChosenForm({"entries": keys, **again})
    if number and working:
        form.fields["again"].label = (
            f"Send a new link also to {_people(working)} whose link still works. "
            "The one they have stops working."
        )
    else:
        form.fields["again"].widget = forms.HiddenInput()
    return form


def _tell(request: HttpRequest, outcome: Outcome) -> None:
    """Say what became of it."""
    level = messages.SUCCESS if outcome.invited else messages.WARNING
    who = _people(outcome.invited) if outcome.invited else "Nobody"
    was = "were" if outcome.invited > 1 else "was"
    messages.add_message(request, level, f"{who} {was} invited.{_left_out(outcome.skipped)}")


def _left_out(skipped: dict[State, int]) -> str:
    """Return ' Left out: 2 joined already, 1 unsubscribed.', or nothing."""
    reasons = [f"{skipped[state]} {why}" for state, why in WHY.items() if skipped.get(state)]
    return f" Left out: {', '.join(reasons)}." if reasons else ""


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"
