"""The admin in a browser: what an operator does in it, and each kind of page by itself."""

from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from playwright.sync_api import expect

from accounts.models import User
from accounts.tests.factors import App
from config.cast import PASSWORD
from config.tests.admin_pages import url
from orgs.models import Organization
from waitlist.models import Entry

pytestmark = pytest.mark.browser

PAGES = {
    "/admin/": "Site administration",
    "/admin/accounts/user/": "Users",
    "/admin/accounts/user/add/": "Add user",
    "/admin/waitlist/entry/": "Entries",
    "/admin/waitlist/entry/invite-next/": "Invite the next people",
    "/admin/schema/": "Schema",
    "/admin/schema/orgs_membership/": "orgs_membership",
    "/admin/migrations/": "Migrations",
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_admin_is_accessible(visitor, acme, olivia, path):
    Entry.objects.create(email="erin@example.com")
    operator = visitor(olivia)
    operator.opens(path)
    operator.sees(PAGES[path])
    assert operator.barriers() == []


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        ("change", "Change user"),
        ("ban", "Ban"),
        ("delete", "Delete the user “Dora Example”?"),
    ],
)
def test_a_page_about_a_person_is_accessible(visitor, acme, dora, olivia, page, heading):
    operator = visitor(olivia)
    operator.opens(url(User, page, dora.pk))
    operator.sees(heading)
    assert operator.barriers() == []


def test_a_field_that_completes_names_is_accessible(visitor, dora, olivia):
    operator = visitor(olivia)
    operator.opens(url(EmailAddress, "add"))
    expect(operator.page.get_by_role("combobox", name="User")).to_be_focused()
    operator.page.keyboard.press("Enter")
    operator.page.get_by_role("searchbox", name="User").fill("dora")
    expect(operator.page.get_by_role("option")).to_have_text(["Dora Example"])
    assert operator.barriers() == []


def test_the_admins_switch_chooses_light_or_dark_in_our_colors(visitor, olivia):
    operator = visitor(olivia)
    operator.opens("/admin/waitlist/entry/")
    for theme, green in {"dark": "rgb(84, 200, 152)", "light": "rgb(13, 101, 73)"}.items():
        operator.page.get_by_role("button", name="Toggle theme").first.click()
        expect(operator.page.locator(f"html[data-theme={theme}]")).to_be_attached()
        button = operator.page.get_by_role("link", name="Add entry")
        expect(button).to_have_css("background-color", green)


def test_an_operator_finds_bans_and_unbans_a_person(visitor, acme, dora, olivia, settings):
    settings.ADMIN_REQUIRES_SECOND_FACTOR = True
    app = App(olivia)
    operator = visitor()
    operator.opens("/admin/accounts/user/")
    operator.sees("Sign in")
    operator.fills(Email=olivia.email, Password=PASSWORD)
    operator.presses("Sign in")
    operator.sees("One more step")
    operator.fills(Code=app.code())
    operator.presses("Sign in")
    operator.sees("Trust this browser?")
    operator.presses("Ask me each time")
    operator.sees("Users")

    operator.fills(Words_to_search_for="dor")
    operator.presses("Search")
    expect(operator.page.locator("#result_list tbody tr")).to_have_count(1)
    operator.follows(dora.email)
    operator.sees("Change user")
    operator.follows("Ban")
    operator.sees("Ban")
    operator.fills(Reason="Sends advertising to other members.")
    operator.presses("Ban")
    operator.sees("Change user")
    operator.reads("Dora Example is banned.")
    assert User.objects.get(pk=dora.pk).ban_reason == "Sends advertising to other members."

    operator.presses("Lift the ban")
    operator.reads("Dora Example is no longer banned.")
    operator.sees("Change user")
    assert not User.objects.get(pk=dora.pk).is_banned


def test_an_operator_invites_the_first_ten_of_the_waitlist(visitor, olivia, mailoutbox):
    for number in range(12):
        Entry.objects.create(email=f"erin{number}@example.com")
    operator = visitor(olivia)
    operator.opens("/admin/waitlist/entry/")
    operator.follows("Invite the next people")
    operator.sees("Invite the next people")
    operator.fills(How_many="10")
    operator.presses("Continue")
    operator.sees("Invite 10 people")
    operator.presses("Invite 10 people")
    operator.reads("10 people were invited.")
    operator.sees("Entries")
    left = Entry.objects.filter(invited=None).values_list("email", flat=True)
    assert set(left) == {"erin10@example.com", "erin11@example.com"}
    assert len(mailoutbox) == 10


def test_an_operator_reads_the_schema_and_takes_a_list_along(visitor, acme, olivia):
    operator = visitor(olivia)
    operator.opens("/admin/")
    operator.follows("Schema")
    operator.sees("Schema")
    operator.page.locator(".diagram").get_by_role("link", name="orgs_team", exact=True).click()
    operator.sees("orgs_team")
    operator.page.locator(".diagram").get_by_role("link", name="orgs_organization").click()
    operator.sees("orgs_organization")
    operator.follows("accounts_avatar")  # what its column logo_id points at
    operator.sees("accounts_avatar")

    operator.opens(url(Organization, "changelist"))
    with operator.page.expect_download() as download:
        operator.follows("Download CSV")
    text = Path(download.value.path()).read_text()
    assert download.value.suggested_filename.endswith(".csv")
    assert "Acme" in text
