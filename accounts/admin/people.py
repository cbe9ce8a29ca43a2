"""People in the admin: the list, and a person's page. What is done to them from there:
accounts/admin/deed_pages.py."""

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin.deed_pages import DeedPages
from accounts.admin.deeds import MOST_AT_ONCE
from accounts.admin.people_search import found
from accounts.admin.powers import handled_by, may_touch, user_of
from accounts.browsing import AgeFilter, YesNoFilter
from accounts.forms import EmailField
from accounts.mfa.factors import HAS_SECOND_FACTOR
from accounts.models import User
from accounts.verbs import Verb

POWERS = ("role", "is_active")
CONFIRMED = Exists(EmailAddress.objects.filter(user=OuterRef("pk"), verified=True))


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
class UserAdmin(DeedPages):
    """Passwords are neither shown nor set here: people choose their own, by email if need be."""

    add_verb = Verb.ACCOUNT_ADDED
    change_verb = Verb.ACCOUNT_EDITED
    delete_verb = None  # User.erase tells it
    told_by_verbs = POWERS
    most_deleted = MOST_AT_ONCE
    formfield_overrides = {models.EmailField: {"form_class": EmailField}}
    list_display = ["email", "name", "role", "standing", "confirmed", "second_factor", "joined"]
    list_filter = ["role", StateFilter, ConfirmedFilter, SecondFactorFilter, AgeFilter]
    sortable_by = ["email", "name", "joined"]  # what has an index
    list_per_page = 100
    search_fields = ["email", "name"]
    search_help_text = "Words of the name or the email address, or how they begin"
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
        end = f" until {timezone.localtime(person.ban_until):%Y-%m-%d %H:%M %Z}"
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
