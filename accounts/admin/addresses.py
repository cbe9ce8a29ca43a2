"""Email addresses in the admin."""

from collections.abc import Sequence
from typing import Any

from allauth.account import admin as allauth_admin
from allauth.account.models import EmailAddress, EmailConfirmation
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.deeds import MOST_AT_ONCE
from accounts.admin.powers import handled_by, may_touch
from accounts.browsing import Browsable, NothingToChange
from accounts.forms import EmailField
from accounts.verbs import Verb

admin.site.unregister(EmailAddress)


class Suggested(AutocompleteSelect):
    """Django's, which fails where a link or a form names what is no key."""

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        return super().optgroups(name, [one for one in value if self._is_key(one)], attrs)

    def _is_key(self, value: str) -> bool:
        try:
            self.field.target_field.to_python(value)
        except ValidationError:
            return False
        return True


@admin.register(EmailAddress)
class EmailAddressAdmin(Browsable, allauth_admin.EmailAddressAdmin):
    """People's confirmed addresses; which one is primary they choose themselves."""

    delete_verb = None  # accounts/receivers.py tells it
    most_deleted = MOST_AT_ONCE
    formfield_overrides = {models.EmailField: {"form_class": EmailField}}
    list_display = ["email", "user", "primary", "verified"]
    list_select_related = ["user"]
    search_fields = ["email__startswith"]  # with their own as well it would read all rows
    search_help_text = "The beginning of an email address"
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
        """An admin confirms their own address by a code, as everybody does."""
        is_handled = obj is None or obj.user.role in handled_by(request)
        return super().has_change_permission(request, obj) and is_handled

    def has_delete_permission(self, request: HttpRequest, obj: EmailAddress | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request, obj and obj.user)

    def told_of(self, obj: EmailAddress) -> dict[str, Any]:
        return {"subject": obj.user, "personal": {"email": obj.email}}

    def record_added(self, request: HttpRequest, obj: EmailAddress) -> None:
        self.record(request, Verb.EMAIL_ADDED, [obj])
        if obj.verified:
            self.record(request, Verb.EMAIL_CONFIRMED, [obj])

    def record_changed(self, request: HttpRequest, obj: EmailAddress, fields: list[str]) -> None:
        if "verified" in fields:
            verb = Verb.EMAIL_CONFIRMED if obj.verified else Verb.ACCOUNT_EDITED
            self.record(request, verb, [obj], fields=fields)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Whoever gets mail for a person can set their password."""
        kwargs["widget"] = Suggested(db_field, self.admin_site)
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field:
            field.queryset = field.queryset.filter(role__in=handled_by(request))
        return field

    @admin.action(permissions=["change"], description="Mark selected email addresses as confirmed")
    def make_verified(self, request: HttpRequest, queryset: QuerySet[EmailAddress]) -> None:
        """allauth's own action, which asks for no permission but to look."""
        handled = queryset.filter(user__role__in=handled_by(request))
        super().make_verified(request, handled)


@admin.register(EmailConfirmation)
class EmailConfirmationAdmin(NothingToChange):
    """allauth's table of links by email; empty, because we send codes."""

    list_display = ["id", "email_address", "created", "sent"]
    list_filter = ["created"]
    list_select_related = ["email_address"]
    search_fields = ["email_address__email__startswith"]
    fields = ["email_address", "created", "sent"]
