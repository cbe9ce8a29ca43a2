"""The list of members: pages by key, and what a page costs."""

import itertools
import uuid

import pytest
from django.http import QueryDict

from accounts.models import User
from accounts.pages import SIZE
from orgs.models import Membership

MEMBERS = "/o/acme/members/"


@pytest.fixture
def crowd(acme):
    """120 members beside Alice, Bob and Dora."""
    people = [User(email=f"person-{n:03}@example.com") for n in range(120)]
    for person in people:
        person.set_unusable_password()
    User.objects.bulk_create(people)
    Membership.objects.bulk_create(Membership(organization=acme, user=person) for person in people)


def emails(response):
    return [row["email"] for row in response.context["page"].rows]


def test_pages_follow_one_another_forwards_and_back(crowd, acme, dora, signed_in):
    browser = signed_in(dora)
    pages = [browser.get(MEMBERS)]
    while query := pages[-1].context["page"].next_url:
        pages.append(browser.get(MEMBERS + query))
    assert [len(emails(page)) for page in pages] == [SIZE, SIZE, 23]
    everybody = [email for page in pages for email in emails(page)]
    assert everybody == [
        m.user.email for m in acme.memberships.select_related("user").order_by("id")
    ]
    for earlier, later in itertools.pairwise(pages):
        back = browser.get(MEMBERS + later.context["page"].previous_url)
        assert emails(back) == emails(earlier)
    assert not pages[0].context["page"].previous_url


def test_the_pages_beside_one_keep_the_rest_of_the_address(crowd, acme, dora, signed_in):
    browser = signed_in(dora)
    first = browser.get(MEMBERS, {"x": "a&b"}).context["page"]
    second = browser.get(MEMBERS + first.next_url).context["page"]
    for url in (first.next_url, second.next_url, second.previous_url):
        assert QueryDict(url[1:])["x"] == "a&b"
    beyond = browser.get(MEMBERS, {"x": "a&b", "after": uuid.UUID(int=2**128 - 1)})
    assert beyond.context["page"].previous_url == "?x=a%26b"


def test_a_page_costs_five_statements_however_many_members(
    crowd, dora, signed_in, django_assert_num_queries
):
    browser = signed_in(dora)
    # Session with person, membership with organization, members, teams to choose from, switcher.
    with django_assert_num_queries(5) as queries:
        page = browser.get(MEMBERS)
    with django_assert_num_queries(5):
        browser.get(MEMBERS + page.context["page"].next_url)
    assert not any("OFFSET" in query["sql"] or "COUNT(" in query["sql"] for query in queries)


def test_a_small_organization_costs_the_same(acme, dora, signed_in, django_assert_num_queries):
    browser = signed_in(dora)
    with django_assert_num_queries(5):
        page = browser.get(MEMBERS)
    assert emails(page) == ["alice@example.com", "bob@example.com", "dora@example.com"]
    assert not page.context["page"].next_url


def test_the_page_behind_the_last_member_leads_back(acme, dora, membership, signed_in):
    page = signed_in(dora).get(MEMBERS, {"after": membership(dora).pk})
    assert "Nobody else is on this list." in page.text
    assert page.context["page"].previous_url == "?"


@pytest.mark.parametrize("key", ["", "1", "x\x00", "';--", "9" * 100_000, f"{uuid.UUID(int=1)}x"])
@pytest.mark.parametrize("direction", ["after", "before"])
def test_a_key_that_is_none_is_not_found(direction, key, acme, dora, signed_in):
    assert signed_in(dora).get(MEMBERS, {direction: key}).status_code == 404


def test_a_key_of_another_organization_shows_nobody_elses_members(
    acme, birch, charlie, dora, signed_in
):
    theirs = Membership.objects.get(organization=birch, user=charlie)
    for direction in ("after", "before"):
        page = signed_in(dora).get(MEMBERS, {direction: theirs.pk})
        assert "charlie@example.com" not in page.text
    assert signed_in(dora).get(MEMBERS, {"after": uuid.UUID(int=0)}).status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "alice bob dora frank"),
        ({"sort": "newest"}, "frank dora bob alice"),
        ({"sort": "name"}, "bob alice dora frank"),
        ({"q": "ali"}, "alice"),
        ({"q": " EXAMPLE dO"}, "dora"),
        ({"q": "bob@example.com"}, "bob"),
        ({"q": "xample"}, ""),  # no word begins so
        ({"q": "%"}, ""),
        ({"q": "' & !x:*"}, ""),
        ({"role": "member"}, "dora frank"),
        ({"role": "member", "sort": "newest"}, "frank dora"),
        ({"role": "owner", "sort": "name"}, "alice"),
        ({"team": "garden"}, "dora frank"),
        ({"team": "garden", "q": "d", "role": "member", "sort": "name"}, "dora"),
        ({"team": "garden", "role": "admin"}, ""),
    ],
)
def test_members_are_searched_filtered_and_sorted(query, found, acme, garden, dora, signed_in):
    User.objects.filter(email="bob@example.com").update(name="ada Bobson")
    if "team" in query:
        query["team"] = garden.pk
    page = signed_in(dora).get(MEMBERS, query)
    assert [email.partition("@")[0] for email in emails(page)] == found.split()


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "name"},
        {"sort": "name", "role": "member"},
        {"sort": "newest", "role": "member"},
        {"q": "person"},
        {"q": "person", "sort": "newest"},
        {"q": "person", "sort": "name", "role": "member"},
    ],
)
def test_pages_of_a_filtered_list_follow_one_another_forwards_and_back(
    query, crowd, dora, signed_in, django_assert_num_queries
):
    User.objects.filter(email__contains="person-0").update(name="Same Person")
    browser = signed_in(dora)
    pages = [browser.get(MEMBERS, query)]
    while url := pages[-1].context["page"].next_url:
        with django_assert_num_queries(5):
            pages.append(browser.get(MEMBERS + url))
    assert len(pages) == 3
    shown = [email for page in pages for email in emails(page)]
    assert len(shown) == len(set(shown)) >= 120
    for earlier, later in itertools.pairwise(pages):
        back = browser.get(MEMBERS + later.context["page"].previous_url)
        assert emails(back) == emails(earlier)


@pytest.mark.parametrize(
    "query",
    [
        {"role": "emperor"},
        {"role": "owner,member"},
        {"team": "1"},
        {"team": uuid.UUID(int=1)},
        {"sort": "password"},
        {"q": "a\0b"},
        {"q": "x" * 101},
    ],
)
def test_a_filter_that_is_none_shows_nobody_and_says_why(query, acme, dora, signed_in):
    page = signed_in(dora).get(MEMBERS, query | {"q": query.get("q", "Dora")})
    assert page.status_code == 400
    assert "errorlist" in page.text
    assert not page.context["page"].rows
    assert page.context["filters"]["q"].value() == query.get("q", "Dora")


def test_teams_of_another_organization_are_no_filter(acme, birch, dora, signed_in):
    theirs = birch.teams.create(name="Roof")
    page = signed_in(dora).get(MEMBERS, {"team": theirs.pk})
    assert page.status_code == 400
    assert "Roof" not in page.text


def test_a_key_beside_the_wrong_order_is_not_found(acme, dora, membership, signed_in):
    key = f"{membership(dora).pk}dora example"
    assert signed_in(dora).get(MEMBERS, {"after": key, "sort": "name"}).status_code == 200
    assert signed_in(dora).get(MEMBERS, {"after": key}).status_code == 404
    assert signed_in(dora).get(MEMBERS, {"after": f"{key}\0", "sort": "name"}).status_code == 404


def test_a_search_finds_nobody_elsewhere(acme, birch, charlie, dora, signed_in):
    browser = signed_in(dora)
    assert emails(browser.get(MEMBERS, {"q": "charlie"})) == []
    acme.add_user(charlie)
    assert emails(browser.get(MEMBERS, {"q": "charlie"})) == ["charlie@example.com"]


def test_who_changes_name_or_address_is_found_by_the_new_one(acme, dora, signed_in):
    browser = signed_in(dora)
    dora.name, dora.email = "Zoë 明", "zm@example.org"
    dora.save()
    for text in ("zoë", "明", "zm"):
        assert emails(browser.get(MEMBERS, {"q": text})) == ["zm@example.org"]
    assert emails(browser.get(MEMBERS, {"q": "dora"})) == []
    assert emails(browser.get(MEMBERS, {"sort": "name"}))[-1] == "zm@example.org"


def test_members_show_name_email_and_role(acme, dora, signed_in):
    text = signed_in(dora).get(MEMBERS).text
    for shown in ("Alice Example", "alice@example.com", "Owner", "Admin", "Member"):
        assert shown in text


def test_somebody_without_a_name_is_shown_by_their_address(acme, dora, signed_in):
    User.objects.filter(email="bob@example.com").update(name="")
    assert signed_in(dora).get(MEMBERS).text.count("bob@example.com") == 2
