"""A person's own organizations: the switcher, the list with its search, and none yet."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import User
from orgs.models import Invitation, Membership, Organization, Ownership
from orgs.roles import Role

HOME = "/organizations/"
SEARCH = 'type="search"'


def organizations(name, number):
    """Make so many of the name at once, from 0 on, with one owner; return them."""
    owner = User.objects.create_user(f"{name}@example.com")
    made = Organization.objects.bulk_create(
        Organization(name=f"{name} {n}", slug=f"{name.lower()}-{n}-web") for n in range(number)
    )
    members = Membership.objects.bulk_create(
        Membership(user=owner, organization=one, role=Role.OWNER) for one in made
    )
    Ownership.objects.bulk_create(
        Ownership(organization_user=member, organization=member.organization) for member in members
    )
    return made


def join(person, number):
    """Let the person join so many more organizations, Org 0 first."""
    made = organizations("Org", number)
    Membership.objects.bulk_create(Membership(user=person, organization=one) for one in made)


def be_invited(person, number):
    """Let so many organizations invite the person, Host 0 first."""
    hosts = organizations("Host", number)
    Invitation.objects.bulk_create(
        Invitation(
            organization=host,
            email=person.email,
            invited_by=User.objects.get(email="host@example.com"),
            token_hash=str(host.pk),
            expires=timezone.now() + timedelta(hours=1),
        )
        for host in hosts
    )


@pytest.fixture
def browser(dora, acme, signed_in):
    """Dora's, who belongs to Acme."""
    return signed_in(dora)


def switcher(browser, path="/o/acme/"):
    """Return the switcher of the page, as HTML."""
    text = browser.get(path).text
    return text[text.index("<details") : text.index("</details>")]


def test_the_switcher_shows_where_one_is_then_the_last_visits(browser, dora):
    join(dora, 3)
    for slug, days in (("org-1-web", 2), ("acme", 1)):
        visited = timezone.now() - timedelta(days=days)
        dora.memberships.filter(organization__slug=slug).update(visited=visited)
    slugs = ["org-0-web", "acme", "org-1-web", "org-2-web"]
    found = switcher(browser, "/o/org-0-web/")
    assert sorted(slugs, key=lambda slug: found.index(f'href="/o/{slug}/"')) == slugs


@pytest.mark.parametrize(("number", "has_search"), [(7, False), (8, True)])
def test_from_eight_organizations_on_there_is_a_search(number, has_search, browser, dora):
    join(dora, number - 1)  # beside Acme
    assert (SEARCH in switcher(browser)) == has_search
    assert (SEARCH in browser.get(HOME).text) == has_search


def test_the_switcher_shows_twenty_and_leads_to_all(browser, dora):
    assert "All organizations" not in switcher(browser)
    join(dora, 200)
    found = switcher(browser)
    assert found.count('href="/o/') == 20
    assert "All organizations" in found


def test_the_switcher_is_one_statement_however_much_it_shows(
    browser, dora, django_assert_num_queries
):
    with django_assert_num_queries(2):  # the session, and it
        switcher(browser, "/account/")
    join(dora, 200)
    be_invited(dora, 30)
    with django_assert_num_queries(2):
        found = switcher(browser, "/account/")
    assert found.count("Invitation to") == 3
    assert found.index("Invitation to Host 29") < found.index("Invitation to Host 28")
    assert "All invitations" in found


def test_an_organization_that_is_switched_off_is_in_no_list(browser, dora):
    join(dora, 1)
    Organization.objects.filter(name="Org 0").update(is_active=False)
    assert "Org 0" not in switcher(browser)
    assert "Org 0" not in browser.get(HOME).text


def test_the_switcher_shows_who_waits_for_an_answer(birch, charlie, invite, signed_in):
    invite(charlie.email)
    found = switcher(signed_in(charlie), "/o/birch/")
    assert "Invitation to Acme" in found
    assert 'href="/invitations/"' in found
    assert "All invitations" not in found


def test_so_it_does_to_whoever_has_no_organization(
    charlie, invite, signed_in, django_assert_num_queries
):
    browser = signed_in(charlie)
    invite(charlie.email)
    with django_assert_num_queries(3):  # session, organizations, invitations
        found = switcher(browser, "/organizations/new/")
    assert "Invitation to Acme" in found


def test_an_address_that_is_not_confirmed_shows_no_invitation(birch, charlie, invite, signed_in):
    invite(charlie.email)
    EmailAddress.objects.filter(user=charlie).update(verified=False)
    browser = signed_in(charlie)
    assert "Acme" not in switcher(browser, "/o/birch/")
    assert "You are invited" not in browser.get(HOME).text


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("green", ["Green Field"]),
        ("FIELD gre", ["Green Field"]),
        ("lane-7", ["Blue"]),
        ("  ", ["Blue", "Green Field", "Acme"]),
        ("%", []),
        ("green blue", []),
        ("birch", []),
    ],
)
def test_the_list_is_searched_by_name_and_web_address(
    words, found, browser, dora, birch, django_assert_num_queries
):
    Organization.create(name="Green Field", slug="meadow", by=dora)
    Organization.create(name="Blue", slug="lane-7", by=dora)
    with django_assert_num_queries(2):
        page = browser.get(HOME, {"q": words})
    assert [row["name"] for row in page.context["page"].rows] == found
    assert ("None of your organizations has that name" in page.text) == (not found)


def test_the_search_keeps_what_was_typed(browser):
    assert 'value="&lt;b&gt; &amp;"' in browser.get(HOME, {"q": "<b> &"}).text


@pytest.mark.parametrize("words", ["a\0b", "a" * 101])
def test_a_search_for_what_no_name_holds_says_so(words, browser):
    page = browser.get(HOME, {"q": words})
    assert page.status_code == 400
    assert 'id="id_q_error"' in page.text


def test_the_list_is_paged_by_key_and_keeps_the_search(browser, dora, django_assert_num_queries):
    join(dora, 200)
    with django_assert_num_queries(2):
        first = browser.get(HOME, {"q": "org web"}).context["page"]
    with django_assert_num_queries(2):
        second = browser.get(HOME + first.next_url).context["page"]
    third = browser.get(HOME + second.next_url).context["page"]
    last = browser.get(HOME + third.next_url).context["page"]
    names = [row["name"] for page in (first, second, third, last) for row in page.rows]
    assert names == [f"Org {n}" for n in reversed(range(200))]
    assert last.next_url == ""
    assert browser.get(HOME + second.previous_url).context["page"].rows == first.rows


def test_nobody_without_an_organization_stands_before_an_empty_page(charlie, signed_in):
    page = signed_in(charlie).get(HOME)
    assert "Begin with an organization" in page.text
    assert 'href="/organizations/new/"' in page.text
    assert SEARCH not in page.text
    assert "You are invited" not in page.text


def test_invitations_stand_above_the_way_to_begin(charlie, invite, signed_in):
    invitation, _ = invite(charlie.email)
    text = signed_in(charlie).get(HOME).text
    answer = text.index(f'action="/invitations/{invitation.pk}/accept/"')
    assert answer < text.index("begin with an organization")


def test_the_list_costs_three_statements_however_long(browser, dora, django_assert_num_queries):
    join(dora, 200)
    be_invited(dora, 30)
    with django_assert_num_queries(3):  # session, organizations, invitations
        page = browser.get(HOME)
    assert page.text.count("/accept/") == 6
    assert page.text.index("Host 29") < page.text.index("Host 28")


def test_the_only_organization_is_listed_as_several_are(browser):
    assert 'href="/o/acme/"' in browser.get(HOME).text


def test_the_newest_stands_first(alice, acme, birch, signed_in):
    text = signed_in(alice).get(HOME).text
    assert text.index("/o/birch/") < text.index("/o/acme/")
