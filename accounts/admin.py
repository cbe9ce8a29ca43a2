from typing import Any, cast

from allauth.account import admin as allauth_admin
from allauth.account.models import EmailAddress, EmailConfirmation
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator

from accounts.browsing import Browsable, NothingToChange
from accounts.models import Attempt, Session, User
from accounts.roles import PlatformRole

POWERS = ("role", "is_active")


@admin.register(User)
class UserAdmin(Browsable):
    """Passwords are neither shown nor set here: people choose their own, by email if need be."""

    list_display = ["email", "name", "is_active", "role", "created"]
    list_filter = ["is_active", "role", "created"]
    search_fields = ["email", "name"]
    fieldsets = [
        (None, {"fields": ["email", "name"]}),
        ("Powers", {"fields": POWERS}),
        ("Dates", {"fields": ["created", "last_login"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "fields": ["email", "name"],
                "description": "They choose a password by “Forgot your password?”, or sign in by "
                "a code: both confirm the address.",
            },
        )
    ]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """The address is changed where it is confirmed; nobody changes their own powers."""
        if obj is None:
            return []
        return ["email", "created", "last_login", *([] if _user(request).outranks(obj) else POWERS)]

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "role":
            kwargs["choices"] = [(role.value, role.label) for role in _handled_by(request)]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
            return super().save_model(request, obj, form, change)
        obj.save(update_fields=["name"])
        if "role" in form.changed_data:
            obj.change_role(form.cleaned_data["role"], by=_user(request))
        if "is_active" in form.changed_data:
            switch = obj.activate if form.cleaned_data["is_active"] else obj.deactivate
            switch(by=_user(request))


@admin.register(Session)
class SessionAdmin(NothingToChange):
    """Signed-in devices: deleting one signs it out. Its key is shown nowhere, not even hashed."""

    list_display = ["created", "user", "impersonated_by", "ip", "browser", "last_seen"]
    list_filter = ["last_seen", "expire_date"]
    list_select_related = ["user", "impersonated_by"]
    search_fields = ["user__email", "user__name", "ip", "user_agent"]
    fields = ["user", "impersonated_by", "ip", "user_agent", "created", "last_seen", "expire_date"]

    @admin.display
    def browser(self, session: Session) -> str:
        return Truncator(session.user_agent).chars(50)


@admin.register(Attempt)
class AttemptAdmin(NothingToChange):
    """Only to look at, and to delete: then whoever it is may try again at once."""

    list_display = ["key", "tries", "until"]
    search_fields = ["key"]
    ordering = ["-until"]

    @admin.display
    def tries(self, attempt: Attempt) -> int:
        return len(attempt.times)


admin.site.unregister(EmailAddress)


@admin.register(EmailAddress)
class EmailAddressAdmin(Browsable, allauth_admin.EmailAddressAdmin):
    """People's confirmed addresses; which one is primary they choose themselves."""

    list_display = ["email", "user", "primary", "verified"]
    list_select_related = ["user"]
    search_fields = ["email", "user__name", "user__email"]
    raw_id_fields = ()
    autocomplete_fields = ["user"]
    readonly_fields = ["primary"]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return self.search_fields

    def get_readonly_fields(
        self, request: HttpRequest, obj: EmailAddress | None = None
    ) -> list[str]:
        return ["user", "email", "primary"] if obj else ["primary"]

    def has_change_permission(self, request: HttpRequest, obj: EmailAddress | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj and obj.user)

    def has_delete_permission(self, request: HttpRequest, obj: EmailAddress | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj and obj.user)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Whoever gets mail for a person can set their password."""
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field:
            field.queryset = field.queryset.filter(role__in=_handled_by(request))
        return field

    @admin.action(permissions=["change"], description="Mark selected email addresses as confirmed")
    def make_verified(self, request: HttpRequest, queryset: QuerySet[EmailAddress]) -> None:
        """allauth's own action, which asks for no permission but to look."""
        handled = queryset.filter(user__role__in=_handled_by(request))
        super().make_verified(request, handled)


@admin.register(EmailConfirmation)
class EmailConfirmationAdmin(NothingToChange):
    """allauth's table of links by email; empty, because we send codes."""

    list_display = ["email_address", "created", "sent"]
    list_filter = ["created"]
    list_select_related = ["email_address"]
    search_fields = ["email_address__email"]
    fields = ["email_address", "created", "sent"]


def _user(request: HttpRequest) -> User:
    """Return who is signed in, which on a page of the admin somebody is."""
    return cast("User", request.user)


def _handled_by(request: HttpRequest) -> list[PlatformRole]:
    """Return the roles whose people the user may handle, and which they may give."""
    role = PlatformRole(_user(request).role)
    return [other for other in PlatformRole if role.handles(other)]


def _may_touch(request: HttpRequest, person: User | None) -> bool:
    """Whether this is the user's own row, or of somebody they may handle."""
    return person is None or person == request.user or _user(request).outranks(person)
