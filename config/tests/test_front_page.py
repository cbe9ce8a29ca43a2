"""The admin's front page: its numbers are those of the lists they lead to, at any size."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db import ProgrammingError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.browsing import counting
from accounts.events import first_id
from accounts.models import Mail, User
from accounts.outbox import queue
from config import front_page
from waitlist.models import Entry

pytestmark = pytest.mark.django_db


def figures(browser):
    """The figures of the page, by group and label."""
    groups = browser.get("/admin/").context["groups"]
    return {(group.title, figure.label): figure for group in groups for figure in group.figures}


def numbers(browser, title):
    found = figures(browser)
    return {label: figure.number for (group, label), figure in found.items() if group == title}


def signed_up(ago, n=0):
    """Somebody who signed up so long ago."""
    pk = int(first_id(timezone.now() - ago)) | (uuid7().int & (1 << 80) - 1)
    return User.objects.create(id=f"{pk:032x}", email=f"{pk}@example.com")


@pytest.fixture
def entries(db):
    """Four on the waitlist: one of each state that is counted, and one who had enough."""
    for name in ("waits", "invited", "joined", "gone"):
        Entry.join(f"{name}@example.com")
    now = timezone.now()
    later = now + timedelta(days=1)
    Entry.objects.filter(email="invited@example.com").update(
        invited=now, token_hash="x", expires=later
    )
    Entry.objects.filter(email="joined@example.com").update(joined=now)
    Entry.objects.filter(email="gone@example.com").update(unsubscribed=now)


@pytest.fixture
def emails(mail_server):
    """One that was given up, one that is late and one that has just been written."""
    for name in ("given-up", "late", "new"):
        queue(EmailMessage("Hello", "Hello", to=[f"{name}@example.com"]))
    now = timezone.now()
    Mail.objects.update(next_try=now, given_up=None, delivered=None)
    Mail.objects.filter(recipients=["given-up@example.com"]).update(given_up=now, next_try=None)
    Mail.objects.filter(recipients=["late@example.com"]).update(created=now - timedelta(hours=1))


@pytest.mark.usefixtures("acme", "entries", "emails")
def test_each_number_leads_to_the_list_that_it_counts(operator):
    signed_up(timedelta(days=3))
    signed_up(timedelta(days=20))
    for label, figure in figures(operator).items():
        listed = operator.get(figure.url).context["cl"].result_count
        assert (listed, str(figure)) == (figure.number, str(listed)), label


def test_people_count_from_when_they_signed_up(operator):
    for days in (0.5, 3, 20, 40):
        signed_up(timedelta(days=days))
    counted = {"altogether": 5, "new in 24 hours": 2, "in 7 days": 3, "in 30 days": 4}
    assert numbers(operator, "People") == counted


@pytest.mark.usefixtures("entries")
def test_the_waitlist_is_told_by_state_as_long_as_there_is_one(operator, settings):
    counted = {"waiting": 1, "invited": 1, "link expired": 0, "joined": 1}
    assert numbers(operator, "Waitlist") == counted
    settings.WAITLIST_CONFIRM = True
    unconfirmed = counted | {"waiting": 0, "not confirmed": 1}
    assert numbers(operator, "Waitlist") == unconfirmed
    settings.WAITLIST_ENABLED = False
    assert numbers(operator, "Waitlist") == {}


def test_mail_in_trouble_stands_out(operator, emails):
    counted = {"given up": 1, "on its way for over 15 minutes": 1}
    assert numbers(operator, "Email") == counted
    assert operator.get("/admin/").text.count('class="front-trouble"') == 2
    Mail.objects.all().delete()
    page = operator.get("/admin/").text
    assert "Nothing was given up, and nothing is late." in page
    assert "front-trouble" not in page


def test_the_chart_has_the_days_of_the_reader(operator, olivia):
    """At the end of the world it is tomorrow already when a day begins in Greenwich."""
    User.objects.filter(pk=olivia.pk).update(time_zone="Pacific/Kiritimati")  # UTC+14
    signed_up(timedelta(days=100))
    bars = operator.get("/admin/").context["chart"]["bars"]
    day = timezone.now() + timedelta(hours=14)
    assert (bars[-1].day, bars[-1].number, bars[-1].height) == (day.date(), "1", 48)
    assert {bar.number for bar in bars[:-1]} == {"0"}
    assert len(bars) == 30


def test_a_day_ends_at_midnight(operator, olivia):
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    ago = timezone.now() - midnight
    signed_up(ago + timedelta(seconds=1))
    signed_up(ago + timedelta(seconds=2))
    bars = operator.get("/admin/").context["chart"]["bars"]
    assert [bar.number for bar in bars[-3:]] == ["0", "2", "1"]


def test_days_on_which_nobody_came_are_said_in_words(client):
    early = signed_up(timedelta(days=40))
    User.objects.filter(pk=early.pk).update(role="staff")
    client.force_login(early)
    page = client.get("/admin/").text
    assert "Nobody has signed up in the last 30 days." in page
    assert "<svg class" not in page


@pytest.mark.usefixtures("acme", "entries")
def test_the_page_costs_the_same_few_statements_at_any_size(operator, monkeypatch):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            assert operator.get("/admin/").status_code == 200
        return len(queries)

    operator.get("/admin/")
    assert statements() == 4  # the session, two for migrations, the counts: the chart is kept
    monkeypatch.setattr(counting, "MOST_COUNTED", 1)
    assert statements() == 5  # and what PostgreSQL estimates where there is too much to count
    assert isinstance(figures(operator)["People", "altogether"].number, counting.Estimate)


def test_a_pending_migration_is_a_warning_and_never_an_error(operator, monkeypatch):
    assert "migration</a> is pending." in operator.get("/admin/").text
    monkeypatch.setattr(front_page, "pending_migrations", lambda: [1, 2])
    page = operator.get("/admin/").text
    assert "2 migrations are pending. Run manage.py migrate." in page
    assert "migration</a> is pending." not in page
    assert "Sign-ups a day" in page
    monkeypatch.setattr(front_page, "totals", missing_column)
    page = operator.get("/admin/").text
    assert "There are no figures until then." in page
    assert "Memberships" in page  # the tables are there, to look what is wrong


def test_migrations_that_cannot_be_read_are_told_of_too(operator, monkeypatch):
    monkeypatch.setattr(front_page, "pending_migrations", broken_file)
    page = operator.get("/admin/").text
    assert "The migrations cannot be read: its parent is gone" in page
    assert "migration</a> is pending." not in page


def missing_column(*args):
    raise ProgrammingError


def broken_file():
    raise ValueError("its parent is gone")


def test_all_staff_see_it_and_nobody_else(client, alice):
    client.force_login(alice)
    assert client.get("/admin/", follow=True).status_code == 403
    User.objects.filter(pk=alice.pk).update(role="staff")
    assert numbers(client, "People")["altogether"] == 1
    assert Client().get("/admin/").status_code == 302
