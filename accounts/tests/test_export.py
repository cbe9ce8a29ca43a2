"""Any list of the admin as CSV: what is in it, who gets it, and what it costs."""

import csv
import io
import time

import pytest
from django.contrib.admin import site
from django.db import OperationalError, connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.browsing import export, turns
from accounts.models import Event, User
from accounts.signin.reauthentication import CONFIRMED_AT
from accounts.verbs import Verb
from waitlist.models import Entry

PEOPLE, PEOPLE_CSV = "/admin/accounts/user/", "/admin/accounts/user/rows.csv"
ENTRIES_CSV = "/admin/waitlist/entry/rows.csv"

pytestmark = pytest.mark.django_db


def rows(answer):
    """The rows of the file, as dicts."""
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))


def emails(answer):
    return [row["email"] for row in rows(answer)]


@pytest.fixture(autouse=True)
def locks_that_go(monkeypatch, tmp_path):
    monkeypatch.setattr(turns, "gettempdir", lambda: tmp_path)


@pytest.fixture
def five(db):
    """Five people on the waitlist, from the first to the last."""
    for n in range(5):
        Entry.join(f"{n}@example.com")


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(export, "PAGE", 2)


def test_a_list_has_a_button_that_keeps_its_search_and_filters(operator):
    page = operator.get(PEOPLE, {"q": "alice", "role": "user", "p": "1"}).text
    assert f'<a href="{PEOPLE_CSV}?q=alice&amp;role=user">Download CSV</a>' in page
    assert "Download CSV" not in operator.get(PEOPLE, {"_popup": "1"}).text


def test_the_file_is_named_after_its_table_and_day_and_kept_by_nobody(operator):
    answer = operator.get(ENTRIES_CSV)
    name = f"waitlist-entry-{timezone.now():%Y-%m-%d}.csv"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_row_has_its_values_as_other_programs_read_them(operator, five):
    Entry.objects.filter(email="0@example.com").update(
        created="2026-11-21T01:30:00+02:00", source={"utm_source": "Żar, “news”"}
    )
    answer = operator.get(ENTRIES_CSV, {"q": "0@example.com"})
    assert answer.getvalue().startswith(b"\xef\xbb\xbfid,email,created,")  # Excel asks for it
    entry = Entry.objects.get(email="0@example.com")
    [row] = rows(operator.get(ENTRIES_CSV, {"q": "0@example.com"}))
    assert row["id"] == str(entry.pk)
    assert row["created"] == "2026-11-20T23:30:00Z"
    assert row["joined"] == ""
    assert row["source"] == '{"utm_source": "Żar, “news”"}'


@pytest.mark.parametrize("begins", [*"=+-@\t\r\n＝＋－＠﹦﹢﹣﹫", "  =", "\xa0+"])
def test_a_cell_is_no_formula_in_a_spreadsheet(operator, alice, begins):
    User.objects.filter(pk=alice.pk).update(name=f"{begins}1+1")
    [row] = rows(operator.get(PEOPLE_CSV, {"id": alice.pk}))
    assert row["name"] == f"'{begins}1+1"


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r\n", "; "])
def test_a_cell_hides_no_formula_where_others_than_commas_separate_cells(
    operator, alice, separator
):
    """Excel in German, French and so on splits our file at semicolons, quotes or not."""
    User.objects.filter(pk=alice.pk).update(name=f"Al;ice{separator}=1+1{separator}@x")
    [row] = rows(operator.get(PEOPLE_CSV, {"id": alice.pk}))
    mark = f"{separator.rstrip(' ')}'{separator[len(separator.rstrip(' ')) :]}"
    assert row["name"] == f"Al;ice{mark}=1+1{mark}@x"


@pytest.mark.parametrize("name", ["Alice", "O’Hara-Smith", "a; b", "1=1", "", "a\r\nb", 'say "=1"'])
def test_a_cell_that_is_no_formula_stays_as_it_is(operator, alice, name):
    User.objects.filter(pk=alice.pk).update(name=name)
    [row] = rows(operator.get(PEOPLE_CSV, {"id": alice.pk}))
    assert row["name"] == name


def test_search_filters_and_order_are_the_lists(operator, alice, bob, dora):
    assert emails(operator.get(PEOPLE_CSV, {"q": "bob"})) == ["bob@example.com"]
    assert emails(operator.get(PEOPLE_CSV, {"role": "owner"})) == ["olivia@example.com"]
    by_email = emails(operator.get(PEOPLE_CSV, {"role": "user", "o": "1"}))
    assert by_email == ["alice@example.com", "bob@example.com", "dora@example.com"]
    assert emails(operator.get(PEOPLE_CSV, {"role": "user", "o": "-1"})) == by_email[::-1]


def test_what_no_page_shows_is_no_filter_here_either(operator, alice):
    assert operator.get(PEOPLE_CSV, {"password__startswith": "a"}).status_code == 400


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("query", [{"id__gt": "zz"}, {"pk__in": "9,zz"}])
def test_a_made_up_filter_leads_back_to_the_list(operator, query):
    answer = operator.get(PEOPLE_CSV, query)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{PEOPLE}?e=1")


@pytest.mark.usefixtures("small_pages", "five")
def test_more_than_a_page_comes_by_age_and_each_row_once(operator):
    newest_first = [f"{n}@example.com" for n in (4, 3, 2, 1, 0)]
    assert emails(operator.get(ENTRIES_CSV)) == newest_first
    assert emails(operator.get(ENTRIES_CSV, {"o": "1"})) == newest_first
    assert emails(operator.get(ENTRIES_CSV, {"q": "@example.com"})) == newest_first
    assert emails(operator.get(ENTRIES_CSV, {"o": "3"})) == newest_first[::-1]  # by when they came


@pytest.mark.usefixtures("small_pages", "five")
def test_rows_that_come_and_go_meanwhile_disturb_nothing(operator):
    answer = operator.get(ENTRIES_CSV)
    pieces = iter(answer)
    begun = next(pieces) + next(pieces)
    Entry.objects.filter(email__in=["3@example.com", "2@example.com"]).delete()
    Entry.join("5@example.com")
    text = (begun + b"".join(pieces)).decode("utf-8-sig")
    found = [row["email"][0] for row in csv.DictReader(io.StringIO(text, newline=""))]
    assert found == ["4", "3", "1", "0"]


@pytest.mark.usefixtures("five")
def test_a_page_is_one_statement_however_many_rows_it_has(operator, monkeypatch):
    def statements(page):
        monkeypatch.setattr(export, "PAGE", page)
        with CaptureQueriesContext(connection) as queries:
            assert len(rows(operator.get(ENTRIES_CSV))) == 5
        return len(queries)

    operator.get(ENTRIES_CSV).getvalue()
    whole = statements(5)  # the session, a count, the rows and the event
    assert whole <= 4
    assert statements(2) == whole + 3
    assert statements(1) == whole + 6  # five pages, and the look behind the last, which was full


@pytest.mark.usefixtures("small_pages", "five")
def test_an_error_halfway_ends_the_file_by_no_good_end(operator, monkeypatch):
    """gunicorn then closes the connection without the end that HTTP asks for."""
    answer = operator.get(ENTRIES_CSV)
    pieces = iter(answer)
    begun = [next(pieces), next(pieces)]
    monkeypatch.setattr(QuerySet, "filter", broken)
    begun.append(next(pieces))
    assert begun[-1].decode() == export.BROKEN_OFF
    with pytest.raises(OperationalError):
        next(pieces)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("small_pages", "five")
def test_who_reads_slowly_keeps_no_connection_from_others(operator):
    pieces = iter(operator.get(ENTRIES_CSV))
    for _ in range(3):
        next(pieces)
        assert connection.connection is None
    assert b"".join(pieces).count(b"@") == 1


@pytest.mark.usefixtures("five")
def test_one_person_downloads_one_list_at_a_time(operator, bob):
    """However slowly they read, the other threads stay everybody's."""
    first = iter(operator.get(ENTRIES_CSV))
    next(first)
    answer = operator.get(ENTRIES_CSV, {"q": "0@"}, follow=True)
    assert answer.redirect_chain == [("/admin/waitlist/entry/?q=0%40", 302)]
    assert "Another download of yours is still on its way" in answer.text
    assert Event.objects.filter(verb=Verb.ROWS_DOWNLOADED).count() == 1

    User.objects.filter(pk=bob.pk).update(role="staff")
    other = Client()
    other.force_login(bob)
    assert len(emails(other.get(ENTRIES_CSV))) == 5
    assert list(first)
    assert len(emails(operator.get(ENTRIES_CSV))) == 5


def test_a_machine_that_keeps_no_files_has_downloads_all_the_same(operator, monkeypatch, tmp_path):
    monkeypatch.setattr(turns, "gettempdir", lambda: tmp_path / "gone")
    assert emails(operator.get(PEOPLE_CSV)) == ["olivia@example.com"]


def test_an_error_at_the_beginning_is_an_error_page(operator, monkeypatch):
    monkeypatch.setattr(export, "_pages", broken)
    assert operator.get(ENTRIES_CSV).status_code == 503
    assert not Event.objects.filter(verb=Verb.ROWS_DOWNLOADED).exists()


def broken(*args, **kwargs):
    raise OperationalError


def test_who_may_read_the_list_may_download_it(client, alice):
    User.objects.filter(pk=alice.pk).update(role="staff")
    client.force_login(alice)
    assert emails(client.get(PEOPLE_CSV)) == ["alice@example.com"]
    User.objects.filter(pk=alice.pk).update(role="user")
    assert client.get(PEOPLE_CSV, follow=True).status_code == 403
    assert Client().get(PEOPLE_CSV, follow=True).redirect_chain[-1][0].startswith("/accounts/login")


def test_a_list_that_is_closed_to_somebody_is_no_download_of_theirs(operator, monkeypatch):
    closed = {
        "has_view_permission": lambda *args: False,
        "has_change_permission": lambda *args: False,
    }
    for name, answer in closed.items():
        monkeypatch.setattr(site.get_model_admin(User), name, answer)
    assert operator.get(PEOPLE).status_code == operator.get(PEOPLE_CSV).status_code == 403


def test_a_download_needs_a_fresh_sign_in(operator):
    session = operator.session
    session[CONFIRMED_AT] = time.time() - 11 * 60
    session.save()
    answer = operator.get(PEOPLE_CSV, {"role": "user"})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/?next=%2Fadmin%2F")
    assert not Event.objects.filter(verb=Verb.ROWS_DOWNLOADED).exists()


def test_the_trail_tells_who_downloaded_what_and_forgets_what_they_searched(
    operator, olivia, alice, bob
):
    chosen, typed = {"role__exact": "user", "id": alice.pk}, "alice@example.com"
    operator.get(PEOPLE_CSV, chosen | {"q": typed, "email": typed})
    event = Event.objects.get(verb=Verb.ROWS_DOWNLOADED)
    assert event.actor_id == olivia.pk
    filters = f"role__exact=user, id={alice.pk}, email=…, search"
    assert event.data == {"table": "accounts users", "filters": filters, "rows": "1"}
    assert event.more == f"the list of accounts users ({filters})"


@pytest.mark.parametrize(
    ("table", "query", "told"),
    [
        ("accounts/user", {"state": "alice@example.com"}, "state=…"),
        ("accounts/user", {"role__exact": "alice@example.com"}, "role__exact=…"),
        ("socialaccount/socialaccount", {"uid": "4915112345678"}, "uid=…"),
        ("account/emailconfirmation", {"email_address": "12"}, "email_address=12"),
    ],
)
def test_the_trail_has_no_address_of_a_filter_either(operator, table, query, told):
    """Neither what somebody put in the place of a choice, nor a number that is no key of ours."""
    assert operator.get(f"/admin/{table}/rows.csv", query).getvalue()
    assert Event.objects.get(verb=Verb.ROWS_DOWNLOADED).data["filters"] == told


def test_to_ask_for_the_headers_downloads_nothing(operator):
    answer = operator.head(PEOPLE_CSV)
    assert (answer.status_code, answer.content) == (200, b"")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert operator.post(PEOPLE_CSV).status_code == 405
    assert not Event.objects.filter(verb=Verb.ROWS_DOWNLOADED).exists()
