"""Making organizations, finding them again, and everything one could type on the way."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.db.models.sql.compiler import SQLCompiler
from django.urls import get_resolver
from django.utils import timezone

from accounts.models import User
from orgs.access import routes
from orgs.models import DOUBLE_CLICK, Membership, Organization
from orgs.roles import Role
from orgs.slugs import RESERVED, suggest_slugs, validate_slug
from orgs.views import organizations

NEW = "/organizations/new/"


@pytest.fixture
def browser(charlie, signed_in):
    return signed_in(charlie)


def make(browser, name, slug="", **more):
    return browser.post(NEW, {"name": name, "slug": slug, **more})


def test_whoever_makes_an_organization_owns_it(browser, charlie):
    assert make(browser, "  Green Field  ", "green").url == "/o/green/"
    organization = Organization.objects.get()
    assert organization.name == "Green Field"
    assert organization.owner.organization_user.user == charlie
    assert Membership.objects.get().role == Role.OWNER
    assert browser.get("/o/green/").status_code == 200


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Green Field", "green-field"),
        ("Ünïcode & Söhne GmbH", "unicode-sohne-gmbh"),
        ("Größe", "grosse"),
        ("my_team v2.0", "my-team-v2-0"),
        ("a" * 100, "a" * 40),
        ("<script>alert(1)</script>", "script-alert-1-script"),
    ],
)
def test_an_empty_address_is_filled_from_the_name(name, slug, browser):
    assert make(browser, name).url == f"/o/{slug}/"


@pytest.mark.parametrize("name", ["日本語", "Новая", "AB", "New", "???1"])
def test_a_name_that_makes_no_address_gets_one_made_up(name, browser):
    assert make(browser, name).status_code == 302
    validate_slug(Organization.objects.get().slug)


def test_a_suggested_address_that_is_taken_gets_a_free_suffix(browser, settings):
    settings.MAX_ORGANIZATIONS_OWNED = 11
    addresses = [make(browser, f"Green Field{'!' * n}").url for n in range(11)]
    assert addresses[:3] == ["/o/green-field/", "/o/green-field-2/", "/o/green-field-3/"]
    assert len(set(addresses)) == 11


def test_every_address_of_the_site_itself_is_reserved():
    first = {route.split("/")[0] for route, _ in routes(get_resolver().url_patterns)}
    served = {name for name in first if re.fullmatch("[a-z-]{3,}", name)}
    assert {"accounts", "organizations"} <= served
    assert served | {"health", "static", "new", "last"} <= RESERVED  # no route of urls.py, or below


def test_no_reserved_word_is_an_address():
    for word in RESERVED:
        with pytest.raises(ValidationError, match="This web address is reserved"):
            validate_slug(word)


def test_every_suggestion_is_valid():
    for name in ["x", "Acme", "x" * 200, "-", "a_b", "__", "℡℡", *RESERVED, "a b" * 50]:
        for slug in suggest_slugs(name):
            validate_slug(slug)


def test_an_address_is_written_in_lower_case(browser):
    assert make(browser, "Green", "Green-Field").url == "/o/green-field/"


@pytest.mark.parametrize("slug", ["acme", "ACME"])
def test_a_taken_address_says_so_and_keeps_what_was_typed(slug, acme, browser):
    answer = make(browser, "My own Acme", slug)
    assert answer.status_code == 400
    assert "This web address is taken. Choose another." in answer.text
    assert 'value="My own Acme"' in answer.text
    assert Organization.objects.count() == 1


@pytest.mark.parametrize("slug", ["green", ""])
@pytest.mark.parametrize("most", [1, 5])
def test_sending_the_form_twice_makes_one_organization(slug, most, browser, settings):
    settings.MAX_ORGANIZATIONS_OWNED = most
    answers = [make(browser, "Green", slug) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert [answer.url for answer in answers] == ["/o/green/", "/o/green/"]
    assert Organization.objects.count() == 1


def test_a_second_organization_of_the_same_name_is_possible_a_moment_later(browser):
    make(browser, "Green")
    Organization.objects.update(created=timezone.now() - DOUBLE_CLICK)
    assert make(browser, "Green").url == "/o/green-2/"


@pytest.mark.parametrize(
    "slug",
    [
        "ab",
        "a" * 51,
        "-abc",
        "abc-",
        "a--b",
        "xn--80ak6aa92e",
        "%2e",
        "..",
        "../admin",
        "%2e%2e",
        "a b c",
        "a_b_c",
        "a.b.c",
        "\u0430cme",  # begins with a Cyrillic letter
        "ａｃｍｅ",
        "acme\n",
        "acme\x00",
        "a" * 1_000_000,
        "admin",
        "Admin",
        "WWW",
    ],
)
def test_an_address_that_could_confuse_is_refused(slug, browser):
    answer = make(browser, "Green", slug)
    if slug == "acme\n":  # a browser's line break at the end is trimmed
        assert answer.url == "/o/acme/"
        return
    assert answer.status_code == 400
    assert 'id="id_slug_error"' in answer.text
    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "a" * 101,
        "a" * 1_000_000,
        "two\nlines",
        "nul\x00",
        "zero\u200bwidth",
        "\u202egnp.exe",
        "\ufeffmark",
        "\u2028",
    ],
)
def test_a_name_with_nothing_to_see_or_more_than_can_be_seen_is_refused(name, browser):
    answer = make(browser, name)
    assert answer.status_code == 400
    assert 'id="id_name_error"' in answer.text
    assert not Organization.objects.exists()


def test_more_than_a_form_can_hold_is_refused(browser):
    assert make(browser, "a" * 3_000_000).status_code == 413


def test_nothing_can_be_slipped_in_beside_the_form(browser, alice, charlie):
    make(browser, "Green", "green", is_active="", user=alice.pk, owner=alice.pk, id="1", role="x")
    organization = Organization.objects.get()
    assert organization.is_active
    assert organization.owner.organization_user.user == charlie


def test_markup_in_a_name_is_shown_as_it_was_typed(browser):
    page = browser.get(make(browser, "<b>Bold</b> & Co").url)
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; Co" in page.text
    assert "<b>Bold" not in page.text


def test_sign_in_leads_to_the_organization(dora, acme, client):
    credentials = {"login": "dora@example.com", "password": "green-field-2026"}
    response = client.post("/accounts/login/", credentials, follow=True)
    assert response.redirect_chain[-1][0] == "/o/acme/"


def test_making_one_costs_few_statements(browser, django_assert_num_queries):
    with django_assert_num_queries(10):
        make(browser, "Green", "green")


def test_the_dashboard_shows_people_and_what_is_pending(alice, bob, dora, acme, invite, signed_in):
    invite()
    for person in (alice, bob):
        text = signed_in(person).get("/o/acme/").text
        assert "Dora Example" in text
        assert "erin@example.com" in text
        assert 'href="/o/acme/invitations/new/"' in text


def test_the_dashboard_counts_members_and_teams_as_far_as_anybody_reads(
    bob, dora, garden, acme, signed_in, monkeypatch
):
    text = " ".join(signed_in(dora).get("/o/acme/").text.split())
    assert ">4 members</a>" in text
    assert ">1 team</a>" in text
    assert "/o/acme/settings/" not in text
    monkeypatch.setattr(organizations, "MOST_COUNTED", 3)
    text = signed_in(bob).get("/o/acme/").text
    assert ">3+ members</a>" in text
    assert 'href="/o/acme/settings/">Settings</a>' in text


@pytest.mark.parametrize("page", ["/o/acme/", "/o/acme/invitations/", "/organizations/"])
def test_the_sql_of_a_page_is_written_once(page, alice, acme, signed_in, monkeypatch):
    browser = signed_in(alice)
    first = browser.get(page)
    monkeypatch.delattr(SQLCompiler, "as_sql")
    assert browser.get(page).status_code == first.status_code == 200


def test_a_member_sees_no_invitations(dora, acme, invite, signed_in):
    invite()
    text = signed_in(dora).get("/o/acme/").text
    assert "Alice Example" in text
    assert "erin@example.com" not in text
    assert "/invitations/" not in text


@pytest.mark.parametrize(("person", "statements"), [("alice", 7), ("dora", 5)])
def test_the_dashboard_costs_the_same_for_any_number_of_people(
    person, statements, acme, invite, signed_in, request, django_assert_num_queries
):
    invite()
    browser = signed_in(request.getfixturevalue(person))
    with django_assert_num_queries(statements):
        browser.get("/o/acme/")
    for n in range(20):
        acme.add_user(User.objects.create_user(f"person-{n}@example.com"))
        invite(f"guest-{n}@example.com")
    with django_assert_num_queries(statements):
        browser.get("/o/acme/")
