"""WAITLIST_ENABLED=false: there is no waitlist, but people who are on it can still leave it."""

import pytest
from django.test import Client

from waitlist.tests.people import entry, joins, mailed

pytestmark = pytest.mark.django_db

PAGES = ["/waitlist/", "/waitlist/thanks/", "/waitlist/confirm/x/"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("method", ["get", "head", "post", "put"])
def test_there_is_nothing_at_its_addresses(settings, page, method):
    assert getattr(Client(), method)("/waitlist/").status_code != 404
    settings.WAITLIST_ENABLED = False
    assert getattr(Client(enforce_csrf_checks=True), method)(page).status_code == 404


def test_who_is_on_the_list_can_still_leave_it(client, settings, mailoutbox):
    settings.WAITLIST_CONFIRM = True
    joins(client)
    leave, confirm = (mailed(page, mailoutbox) for page in ("leave", "confirm"))
    settings.WAITLIST_ENABLED = False
    assert client.post(confirm).status_code == 404
    client.post(leave)
    assert entry().unsubscribed
    assert "Nothing is kept" in client.post(f"{leave}erase/", follow=True).text


@pytest.mark.parametrize("page", ["/", "/accounts/login/", "/accounts/signup/"])
def test_no_page_leads_to_it(client, settings, page):
    settings.WAITLIST_ENABLED = False
    for settings.SIGNUP_MODE in ("open", "invitation"):
        assert "/waitlist/" not in client.get(page).text
