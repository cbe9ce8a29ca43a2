"""The pages on which staff do something to a person (accounts/admin/deeds.py), or to several."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path

from accounts.admin.deeds import (
    MOST_AT_ONCE,
    Ban,
    Deed,
    Impersonate,
    PeopleForm,
    SignOut,
    Unban,
)
from accounts.admin.powers import user_of
from accounts.browsing import Browsable, address_of
from accounts.models import User

DEEDS: dict[str, type[Deed]] = {
    "impersonate": Impersonate,
    "ban": Ban,
    "unban": Unban,
    "sign_out": SignOut,
}
BULK = ("ban", "unban")


class DeedPages(Browsable):
    """Links on a person's page, actions of their list, and what these lead to."""

    actions = ("ban_selected", "unban_selected")

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<uuid:pk>/{name}/",
                self.admin_site.admin_view(partial(self.deed, deed=deed)),
                name=f"accounts_user_{name}",
            )
            for name, deed in DEEDS.items()
        ]
        bulk = [
            path(
                f"{name}/",
                self.admin_site.admin_view(partial(self.bulk_deed, name=name)),
                name=f"accounts_user_bulk_{name}",
            )
            for name in BULK
        ]
        return [*own, *bulk, *super().get_urls()]

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: User | None = None,
    ) -> HttpResponse:
        if obj:
            context["deeds"] = _deeds_for(obj, user_of(request))
        return super().render_change_form(request, context, add, change, form_url, obj)

    def deed(self, request: HttpRequest, pk: UUID, deed: type[Deed]) -> HttpResponse:
        """Show the page of a deed, and do it."""
        person = get_object_or_404(User, pk=pk)
        if not user_of(request).outranks(person):
            raise PermissionDenied
        page = address_of(User, "change", person.pk)
        form = deed(request.POST if request.method == "POST" else None)
        if form.is_valid():
            refusal = form.refusal(person, request)
            if not refusal:
                if deed.done:
                    messages.success(request, f"{person} {deed.done}")
                return redirect(deed.leads_to or page)
            form.add_error(None, refusal)
        return self._render(request, "deed", person=person, form=form, back=page)

    @admin.action(description="Ban the chosen people", permissions=["change"])
    def ban_selected(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse:
        return self._ask_for_many(request, "ban", people)

    @admin.action(description="Lift the ban of the chosen people", permissions=["change"])
    def unban_selected(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse:
        return self._ask_for_many(request, "unban", people)

    def bulk_deed(self, request: HttpRequest, name: str) -> HttpResponse:
        """Do a deed to each of several people and say what became of it, one by one."""
        if request.method != "POST":
            return redirect("admin:accounts_user_changelist")
        form, chosen = DEEDS[name](request.POST), PeopleForm(request.POST)
        if not (chosen.is_valid() and form.is_valid()):
            return self._ask_again(request, name, form, chosen)
        outcomes = [
            (person, form.refusal(person, request)) for person in chosen.cleaned_data["people"]
        ]
        return self._render(request, "outcomes", form=form, outcomes=outcomes)

    def _ask_for_many(
        self, request: HttpRequest, name: str, people: QuerySet[User]
    ) -> HttpResponse:
        chosen = PeopleForm(
            {"people": list(people.values_list("pk", flat=True)[: MOST_AT_ONCE + 1])}
        )
        chosen.is_valid()
        return self._ask_again(request, name, DEEDS[name](), chosen)

    def _ask_again(
        self, request: HttpRequest, name: str, form: Deed, chosen: PeopleForm
    ) -> HttpResponse:
        """Name how many people it is, and who, and ask."""
        bulk = f"admin:accounts_user_bulk_{name}"
        title = form.title_for(len(chosen.cleaned_data.get("people", ())))
        return self._render(request, "deed", title=title, bulk=bulk, form=form, chosen=chosen)

    def _render(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        form = context["form"]
        context |= self.admin_site.each_context(request)
        usual = {"back": address_of(User, "changelist"), "title": form.title}
        context = {**usual, **context, "opts": self.opts}
        return render(request, f"admin/accounts/user/{template}.html", context)


def _deeds_for(person: User, user: User) -> list[tuple[str, type[Deed]]]:
    """Return the addresses of what this user may do to the person now."""
    return [
        (address_of(User, name, person.pk), deed)
        for name, deed in DEEDS.items()
        if deed.is_for(person, by=user)
    ]
