"""Emails in the admin: to whom, what about and how they stand. What they say is not shown."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.powers import user_of
from accounts.browsing import AgeFilter, NothingToChange
from accounts.models import Mail, User
from accounts.outbox.mail import MailQuerySet, MailState

LATE = "late"


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*MailState.choices, (LATE, "On its way for over 15 minutes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        emails, state = cast("MailQuerySet", queryset), str(self.value())
        if state == LATE:
            return emails.late()
        return emails.in_state(state) if state in MailState else emails


@admin.register(Mail)
class MailAdmin(NothingToChange):
    """To look at, and to be tried again. Nothing is deleted by hand: an email is never lost."""

    list_display = ["created", "to", "subject", "state", "tries", "next_try", "last_error"]
    list_filter = [StateFilter, AgeFilter]
    search_fields = ["recipients"]  # see get_search_results
    search_help_text = "A whole email address"
    fields = ["created", "sender", "to", "subject", "state", "tries"]
    fields += ["next_try", "expires", "last_error", "delivered", "given_up"]
    readonly_fields = ["to", "state"]
    actions = ["try_again"]
    never_in_csv = ["message"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mail]:
        return super().get_queryset(request).defer("message")

    def get_search_results(
        self, request: HttpRequest, emails: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        address = User.objects.normalize_email(search_term)
        return (emails.filter(recipients__contains=[address]) if address else emails), False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display
    def to(self, email: Mail) -> str:
        return ", ".join(email.recipients)

    @admin.display
    def state(self, email: Mail) -> str:
        return str(email.state.label)

    @admin.action(description="Try the chosen emails again", permissions=["retry"])
    def try_again(self, request: HttpRequest, emails: MailQuerySet) -> None:
        chosen = Mail.objects.filter(pk__in=list(emails.values_list("pk", flat=True)))
        count = chosen.try_again(by=user_of(request))
        messages.success(request, f"{count} of the chosen emails are tried again within seconds.")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Nobody edits an email, but whoever may change other rows may send it."""
        return request.user.has_perm("accounts.change_mail")
