"""Lists in the admin stay quick however many rows there are."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.browsing import autocompletion, counting, rows
from accounts.browsing.counting import Estimate
from accounts.events import first_id
from accounts.models import User

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/accounts/user/"
ADDRESSES = "/admin/account/emailaddress/"


def counted(page):
    """What the end of the list says."""
    return " ".join(page.text.partition('class="paginator"')[2].partition("</nav>")[0].split())


def test_a_short_list_is_counted_to_the_end(operator, alice, bob):
    assert "3 users" in counted(operator.get(PEOPLE))


def test_a_long_list_is_counted_only_so_far_and_then_estimated(operator, alice, bob, monkeypatch):
    monkeypatch.setattr(counting, "MOST_COUNTED", 2)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_user")
    with CaptureQueriesContext(connection) as queries:
        page = operator.get(PEOPLE)
    assert isinstance(page.context["cl"].result_count, Estimate)
    counts = [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]
    assert len(counts) == 1
    assert "LIMIT 3" in counts[0]


def test_an_estimate_is_never_below_what_was_counted(operator, alice, bob, monkeypatch):
    monkeypatch.setattr(counting, "MOST_COUNTED", 2)
    monkeypatch.setattr(counting, "_expected", lambda rows: (1, 0.0))
    assert operator.get(PEOPLE).context["cl"].result_count == 3


def test_what_takes_long_to_count_is_estimated(operator, alice, bob, monkeypatch):
    monkeypatch.setattr(counting, "_expected", lambda rows: (50_000, 30_000.0))
    with CaptureQueriesContext(connection) as queries:
        page = operator.get(PEOPLE, {"confirmed": "yes"})
    assert "about 50,000 users" in counted(page)
    assert not any("COUNT(*)" in query["sql"] for query in queries)


@pytest.mark.parametrize(
    ("number", "text"),
    [(123_456, "about 120,000"), (1_234_567, "about 1.2 million"), (5e9, "about 5,000 million")],
)
def test_an_estimate_does_not_look_exact(number, text):
    assert str(Estimate(number)) == text


def test_pages_end_where_counting_does(operator, alice, bob, charlie, monkeypatch):
    monkeypatch.setattr(counting, "MOST_COUNTED", 2)
    monkeypatch.setattr("accounts.admin.people.UserAdmin.list_per_page", 1)
    first, second = (
        [person.name for person in operator.get(PEOPLE, {"p": n}).context["cl"].result_list]
        for n in (1, 2)
    )
    assert (first, second) == (["Charlie Example"], ["Bob Example"])
    assert operator.get(PEOPLE, {"p": 3}).status_code == 302


@pytest.mark.parametrize(
    ("order", "names"), [({}, "CBAO"), ({"o": "2"}, "ABCO"), ({"o": "-2"}, "OCBA")]
)
def test_what_a_filter_leaves_is_in_order_from_page_to_page(
    operator, alice, bob, charlie, dora, monkeypatch, order, names
):
    User.objects.filter(pk=dora.pk).update(is_active=False)
    monkeypatch.setattr("accounts.admin.people.UserAdmin.list_per_page", 2)
    pages = [operator.get(PEOPLE, {"state": "active", "p": n} | order) for n in (1, 2)]
    shown = [person.name[0] for page in pages for person in page.context["cl"].result_list]
    assert shown == list(names)


def test_choices_are_counted_where_few_rows_are_left(operator, alice, bob, monkeypatch):
    asked = {"_facets": "True"}
    assert "Show counts" in operator.get(ADDRESSES).text
    assert "Yes (3)" in " ".join(operator.get(ADDRESSES, asked).text.split())
    monkeypatch.setattr(rows, "MOST_FACETED", 2)
    assert "Show counts" not in operator.get(ADDRESSES).text
    assert "Yes (3)" not in " ".join(operator.get(ADDRESSES, asked).text.split())


def test_choices_are_not_counted_among_the_rows_that_a_filter_hides(
    operator, alice, bob, monkeypatch
):
    """What each choice of a filter would leave is counted without that filter."""
    monkeypatch.setattr(rows, "MOST_FACETED", 2)
    filtered = {"role__exact": "owner", "_facets": "True"}
    page = operator.get(PEOPLE, filtered)
    assert page.context["cl"].result_count == 1
    assert not page.context["cl"].add_facets
    assert operator.get(PEOPLE, filtered | {"q": "olivia"}).context["cl"].add_facets


def test_only_what_an_index_serves_is_sorted(operator, alice, bob):
    columns = operator.get(PEOPLE).context["cl"].list_display
    by_role, by_name = (str(columns.index(name)) for name in ("role", "name"))
    for number, ordered in ((by_role, False), (by_name, True)):
        with CaptureQueriesContext(connection) as queries:
            operator.get(PEOPLE, {"o": number})
        column = columns[int(number)]
        assert any(f'ORDER BY "accounts_user"."{column}"' in q["sql"] for q in queries) is ordered


def test_rows_are_filtered_by_the_time_in_their_id(operator, alice):
    long_ago = first_id(timezone.now() - timedelta(days=8))
    User.objects.create(id=long_ago, email="gone@example.com", name="Gone")
    recent = operator.get(PEOPLE, {"days": "7"}).context["cl"].result_list
    assert [person.name for person in recent] == ["Alice Example", "Olivia Example"]


def test_only_what_a_search_or_a_filter_leaves_is_counted_beside_them(operator, alice):
    assert "show all" not in operator.get(PEOPLE, {"o": "1"}).text
    assert "1 result (" in operator.get(PEOPLE, {"q": "alice"}).text
    assert "2 results (" in operator.get(PEOPLE, {"days": "7"}).text


def test_a_search_reads_each_side_by_itself(operator, alice, bob):
    """An OR over a join has no index: all of the rows would be read."""
    Authenticator.objects.create(user=alice, type="totp", data={})
    Authenticator.objects.create(user=bob, type="totp", data={})
    with CaptureQueriesContext(connection) as queries:
        page = operator.get("/admin/mfa/authenticator/", {"q": "alice"})
    assert page.context["cl"].result_count == 1
    assert not any("JOIN" in q["sql"] and "LIKE" in q["sql"] for q in queries)


@pytest.mark.parametrize("table", ["accounts/user", "mfa/authenticator", "auth/permission"])
def test_a_search_for_a_whole_text_asks_for_nothing_and_says_so(operator, table):
    """Each word would be a condition, and a statement for each other table."""
    address, text = f"/admin/{table}/", " ".join(["a"] * 1_000)
    operator.get(address)
    with CaptureQueriesContext(connection) as queries:
        page = operator.get(address, {"q": text})
    assert page.context["cl"].result_count == 0
    assert "More than 10 words find nothing" in page.text
    assert len(queries) <= 5
    assert "More than" not in operator.get(address, {"q": text[:19]}).text


def test_nobody_filters_by_a_pattern_which_may_take_hours(operator):
    for lookup in ("email__regex", "name__iregex", "created__date__regex", "pk__regex"):
        assert operator.get(PEOPLE, {lookup: "a"}).status_code == 400


def test_a_made_up_field_to_choose_by_is_refused(operator):
    """Also what is a relation from another table."""
    for field in ("sessions", "authenticator", "password", "no"):
        assert operator.get(PEOPLE, {"_to_field": field}).status_code == 400


def test_suggestions_are_not_counted(operator, alice, bob, monkeypatch):
    monkeypatch.setattr(autocompletion, "MOST_SUGGESTED", 1)
    field = {"app_label": "account", "model_name": "emailaddress", "field_name": "user"}
    page = operator.get("/admin/autocomplete/", field | {"term": "example"}).json()
    assert len(page["results"]) == 1
    assert User.objects.count() == 3
