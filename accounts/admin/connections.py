"""Second factors and connected accounts in the admin: to look at, and never their secrets."""

from typing import Any

import allauth.mfa.admin
import allauth.socialaccount.admin  # noqa: F401, for both register their own
from allauth.mfa.models import Authenticator
from allauth.socialaccount import providers
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.deeds import MOST_AT_ONCE
from accounts.browsing import NothingToChange, link_to
from accounts.mfa.factors import drop_codes_without_factor

BY_PERSON = ["user__email__startswith"]

admin.site.unregister([Authenticator, SocialAccount, SocialApp, SocialToken])


class ProviderFilter(admin.SimpleListFilter):
    """Offers what allauth knows; to offer what there is would read every row."""

    title = "provider"
    parameter_name = "provider"
    column = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(providers.registry.as_choices())

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(**{self.column: self.value()}) if self.value() else rows


class TokenProviderFilter(ProviderFilter):
    column = "account__provider"


@admin.register(Authenticator)
class AuthenticatorAdmin(NothingToChange):
    delete_verb = None  # accounts/receivers.py tells it
    most_deleted = MOST_AT_ONCE
    list_display = ["created_at", "user", "type", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = BY_PERSON
    fields = ["user", "type", "created_at", "last_used_at"]

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        super().delete_model(request, obj)
        drop_codes_without_factor([obj.user_id])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Authenticator]) -> None:
        people = list(queryset.values_list("user_id", flat=True))
        super().delete_queryset(request, queryset)
        drop_codes_without_factor(people)


@admin.register(SocialAccount)
class SocialAccountAdmin(NothingToChange):
    delete_verb = None  # accounts/receivers.py tells it
    most_deleted = MOST_AT_ONCE
    list_display = ["uid", "provider", "user", "date_joined", "last_login"]
    list_filter = [ProviderFilter]
    list_select_related = ["user"]
    search_fields = [*BY_PERSON, "uid__exact"]
    fields = ["user", "provider", "uid", "date_joined", "last_login"]


@admin.register(SocialApp)
class SocialAppAdmin(NothingToChange):
    """Empty: the environment names the providers (config/providers.py)."""

    list_display = ["name", "provider", "client_id"]
    list_filter = ["provider"]
    search_fields = ["name", "client_id"]
    fields = ["name", "provider", "provider_id", "client_id"]


@admin.register(SocialToken)
class SocialTokenAdmin(NothingToChange):
    list_display = ["id", "account", "person", "provider", "expires_at"]
    list_filter = [TokenProviderFilter]
    list_select_related = ["account__user"]
    search_fields = ["account__user__email__startswith", "account__uid__exact"]
    fields = ["account", "person", "provider", "expires_at"]

    @admin.display
    def person(self, token: Any) -> str:
        return link_to(token.account.user)

    @admin.display
    def provider(self, token: Any) -> str:
        return token.account.provider
