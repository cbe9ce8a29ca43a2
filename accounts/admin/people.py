"""People in the admin: the list, a person's page, and what is done to them from there."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from accounts.admin.deeds import (
    MOST_AT_ONCE,
    Ban,
    Deed,
    Impersonate,
    PeopleForm,
    SignOut,
    Unban,
)
from accounts.admin.people_search import found
from accounts.admin.powers import handled_by, may_touch, user_of
from accounts.browsing import AgeFilter, Browsable, NothingToChange, YesNoFilter
from accounts.mfa.factors import HAS_SECOND_FACTOR
from accounts.models import Avatar, User
from accounts.verbs import Verb

POWERS = ("role", "is_active")
CONFIRMED = Exists(EmailAddress.objects.filter(user=OuterRef("pk"), verified=True))
DEEDS: dict[str, type[Deed]] = {
    "impersonate": Impersonate,
    "ban": Ban,
    "unban": Unban,
    "sign_out": SignOut,
}
BULK = ("ban", "unban")


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"
    LOOKUPS: ClassVar = {"active": "Active", "banned": "Banned", "off": "Switched off"}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.LOOKUPS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        banned = Q(banned_at__isnull=False) & (Q(ban_until=None) | Q(ban_until__gt=timezone.now()))
        match self.value():
            case "active":
                return queryset.filter(~banned, is_active=True)
            case "banned":
                return queryset.filter(banned)
            case "off":
                return queryset.filter(is_active=False)
        return queryset


class ConfirmedFilter(YesNoFilter):
    title = "confirmed address"
    parameter_name = "confirmed"
    condition = CONFIRMED


class SecondFactorFilter(YesNoFilter):
    title = "second factor"
    parameter_name = "second_factor"
    condition = HAS_SECOND_FACTOR


@admin.register(User)
class UserAdmin(Browsable):
    """Passwords are neither shown nor set here: people choose their own, by email if need be."""

    add_verb = Verb.ACCOUNT_ADDED
    change_verb = Verb.ACCOUNT_EDITED
    delete_verb = None  # User.erase tells it
    told_by_verbs = POWERS
    most_deleted = MOST_AT_ONCE
    list_display = ["email", "name", "role", "standing", "confirmed", "second_factor", "joined"]
    list_filter = ["role", StateFilter, ConfirmedFilter, SecondFactorFilter, AgeFilter]
    sortable_by = ["email", "name", "joined"]  # what has an index
    list_per_page = 100
    search_fields = ["email", "name"]
    search_help_text = "Words of the name or the email address, or how they begin"
    actions = ["ban_selected", "unban_selected"]
    fieldsets = [
        (None, {"fields": ["email", "confirmed", "name", "second_factor"]}),
        ("Powers", {"fields": ["state", *POWERS]}),
        ("Dates", {"fields": ["created", "last_login"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "fields": ["email", "name"],
                "description": "They choose a password by “Forgot your password?” and confirm "
                "the address with a code.",
            },
        )
    ]

    def told_of(self, obj: User) -> dict[str, Any]:
        return {"subject": obj}

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people = super().get_queryset(request).select_related("banned_by")
        return people.annotate(is_confirmed=CONFIRMED, has_factor=HAS_SECOND_FACTOR)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Find people by the beginnings of words; how many is known by then, if they are many."""
        if not search_term:
            return queryset, False
        people, request.about_so_many = found(queryset, search_term)  # type: ignore[attr-defined]
        return people, False

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        paginator = super().get_paginator(request, *args, **kwargs)
        if number := getattr(request, "about_so_many", None):
            paginator.count = number
        return paginator

    @admin.display(description="state")
    def standing(self, person: User) -> str:
        if person.is_banned:
            return "Banned"
        return "Active" if person.is_active else "Switched off"

    @admin.display
    def state(self, person: User) -> str:
        """The whole of it, for the person's own page."""
        if not person.is_banned:
            return self.standing(person)
        end = f" until {timezone.localtime(person.ban_until):%Y-%m-%d %H:%M}"
        return f"Banned{end if person.ban_until else ''}: {person.ban_reason}"

    @admin.display(boolean=True)
    def confirmed(self, person: Any) -> bool:
        return person.is_confirmed

    @admin.display(boolean=True)
    def second_factor(self, person: Any) -> bool:
        return person.has_factor

    @admin.display(ordering="id")
    def joined(self, person: User) -> Any:
        return person.created

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """The address is changed where it is confirmed; nobody changes their own powers."""
        if obj is None:
            return []
        shown = ["email", "confirmed", "second_factor", "state", "created", "last_login"]
        return [*shown, *([] if user_of(request).outranks(obj) else POWERS)]

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "role":
            kwargs["choices"] = [(role.value, role.label) for role in handled_by(request)]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
            return super().save_model(request, obj, form, change)
        if "name" in form.changed_data:
            obj.save(update_fields=["name"])
        if "role" in form.changed_data:
            obj.change_role(form.cleaned_data["role"], by=user_of(request))
        if "is_active" in form.changed_data:
            switch = obj.activate if form.cleaned_data["is_active"] else obj.deactivate
            switch(by=user_of(request))

    def hold(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        """Hold whoever does it, too: in the order in which the verbs of a person hold both."""
        super().hold(request, User.objects.filter(Q(pk__in=rows) | Q(pk=user_of(request).pk)))

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        obj.erase(by=user_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for person in queryset:
            person.erase(by=user_of(request))

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
        form = deed(request.POST if request.method == "POST" else None)
        if form.is_valid():
            refusal = form.refusal(person, request)
            if not refusal:
                if deed.done:
                    messages.success(request, f"{person} {deed.done}")
                return redirect(deed.leads_to or self._page(person))
            form.add_error(None, refusal)
        return self._render(request, "deed", person=person, form=form, back=self._page(person))

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

    def _page(self, person: User) -> str:
        return reverse("admin:accounts_user_change", args=[person.pk])

    def _render(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        form = context["form"]
        context |= self.admin_site.each_context(request)
        usual = {"back": reverse("admin:accounts_user_changelist"), "title": form.title}
        context = {**usual, **context, "opts": self.opts}
        return render(request, f"admin/accounts/user/{template}.html", context)


def _deeds_for(person: User, user: User) -> list[tuple[str, type[Deed]]]:
    """Return the addresses of what this user may do to the person now."""
    return [
        (reverse(f"admin:accounts_user_{name}", args=[person.pk]), deed)
        for name, deed in DEEDS.items()
        if deed.is_for(person, by=user)
    ]


@admin.register(Avatar)
class AvatarAdmin(NothingToChange):
    """Of people and organizations. Deleting one takes it away from whom it shows."""

    list_display = ["id", "user", "created"]
    list_filter = ["created"]
    list_select_related = ["user"]
    search_fields = ["user__email__startswith"]
    fields = ["picture", "user", "created"]
    readonly_fields = ["picture", "user"]

    @admin.display
    def picture(self, avatar: Avatar) -> str:
        url = reverse("avatar", args=[avatar.pk])
        return format_html('<img src="{}" alt="" width="128" height="128">', url)
