"""What a person's own pages ask for while they are drawn."""

from typing import Any, NamedTuple

from django import template
from django.conf import settings
from django.urls import reverse

register = template.Library()


class Tab(NamedTuple):
    label: str
    page: str
    other_pages: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return reverse(self.page)

    def nearness(self, path: str) -> int:
        """Return how much of the path this tab's address, or another of its pages', covers."""
        urls = [self.url, *map(reverse, self.other_pages)]
        return max(len(url) if path.startswith(url) else 0 for url in urls)


TABS = [
    Tab("Profile", "accounts:profile"),
    Tab("Email addresses", "account_email"),
    Tab("Password", "account_change_password", ("account_set_password",)),
    Tab("Two-step sign-in", "mfa_index"),
    Tab("Devices", "accounts:session_list"),
    Tab("Connected accounts", "socialaccount_connections"),
    Tab("Data and deletion", "accounts:data"),
]


@register.inclusion_tag("partials/account_tabs.html", takes_context=True)
def account_tabs(context: dict[str, Any]) -> dict[str, Any]:
    """The pages of an account, ours and allauth's; a sub-page belongs to the nearest of them."""
    path = context["request"].path
    can_connect = bool(settings.SOCIALACCOUNT_PROVIDERS)
    tabs = [tab for tab in TABS if tab.page != "socialaccount_connections" or can_connect]
    return {"tabs": tabs, "current": max(tabs, key=lambda tab: tab.nearness(path))}
