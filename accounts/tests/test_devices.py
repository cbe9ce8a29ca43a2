"""The page of a person's devices: which they are, and signing them out."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import devices
from accounts.events import Event
from accounts.models import Session
from accounts.pages import SIZE
from accounts.tests.people import is_signed_in, sign_in
from accounts.verbs import Verb

pytestmark = pytest.mark.django_db

PAGE = "/account/devices/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36"
)
MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)


@pytest.fixture
def phone(alice):
    phone = Client()
    sign_in(phone, HTTP_USER_AGENT=SAFARI, REMOTE_ADDR="2001:db8::7")
    return phone


@pytest.fixture
def laptop(client, phone):
    sign_in(client, HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="192.0.2.7")
    return client


def end(browser, session):
    return browser.post(f"{PAGE}{session.pk}/end/")


def session_of(browser):
    return Session.objects.get(session_key=Session.hash_of(browser.session.session_key))


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Windows"),
        (CHROME, "Chrome on Linux"),
        (ANDROID, "Chrome on Android"),
        (SAFARI, "Safari on iPhone"),
        (SAFARI.replace("Version/18.5", "CriOS/140.0"), "Chrome on iPhone"),
        (MAC, "Chrome on Mac"),
        (f"{MAC} Edg/140.0.0.0", "Edge on Mac"),
        (f"{CHROME} OPR/120.0", "Opera on Linux"),
        (CHROME.replace("X11; Linux x86_64", "X11; CrOS x86_64 16328.55.0"), "Chrome on ChromeOS"),
        ("curl/8.10.1", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_device_has_a_name_that_people_know(user_agent, name):
    assert devices.describe(user_agent) == name


def test_the_page_shows_each_device_with_its_place_and_which_one_this_is(laptop):
    page = laptop.get(PAGE).text
    this, others = page.split("Other devices")
    assert "Firefox on Windows" in this
    assert "192.0.2.7" in this
    assert "This device" in this
    assert "Safari on iPhone" in others
    assert "2001:db8::7" in others
    assert "Firefox" not in others


def test_dates_are_in_the_persons_time_zone(laptop, alice):
    alice.time_zone = "Asia/Kolkata"
    alice.save()
    Session.objects.update(created="2026-01-01T12:00Z")
    assert "1 January 2026, 17:30 IST" in laptop.get(PAGE).text


def test_a_lonely_device_is_told_so(client, alice):
    sign_in(client)
    assert "You are signed in nowhere else." in client.get(PAGE).text


def test_the_page_costs_four_statements_however_many_devices(
    laptop, alice, bob, django_assert_num_queries
):
    Session.objects.bulk_create(
        Session(
            session_key=f"{person}{n}", user=person, expire_date=timezone.now() + timedelta(days=1)
        )
        for person in (alice, bob)
        for n in range(2 * SIZE)
    )
    seen, url = set(), PAGE
    for _ in range(3):
        # Session with person, organizations and, as there are none, invitations, devices.
        with django_assert_num_queries(4):
            page = laptop.get(url).context["page"]
        seen |= {row["id"] for row in page.rows}
        url = f"{PAGE}{page.next_url}"
    assert not page.next_url
    mine = set(alice.sessions.values_list("pk", flat=True))
    assert seen == mine - {session_of(laptop).pk}


def test_an_impersonation_is_no_device_and_cannot_be_ended_here(laptop, alice, olivia):
    later = timezone.now() + timedelta(hours=1)
    admins = Session.objects.create(session_key="x", user=olivia, expire_date=later)
    acting = Session.objects.create(
        session_key="y",
        user=alice,
        impersonated_by=olivia,
        parent=admins,
        expire_date=later,
        ip="203.0.113.9",
    )
    assert "203.0.113.9" not in laptop.get(PAGE).text
    assert end(laptop, acting).status_code == 404


def test_one_other_device_is_signed_out(laptop, phone, alice):
    tablet = Client()
    sign_in(tablet)
    response = end(laptop, session_of(phone))
    assert response.headers["Location"] == PAGE
    assert "Safari on iPhone is signed out." in laptop.get(PAGE).text
    assert [is_signed_in(browser) for browser in (laptop, phone, tablet)] == [True, False, True]
    assert Event.objects.get(verb=Verb.SESSION_REVOKED).actor_id == alice.pk


def test_all_other_devices_are_signed_out(laptop, phone, bob):
    stranger = Client()
    sign_in(stranger, "bob@example.com")
    laptop.post(f"{PAGE}end/")
    assert [is_signed_in(browser) for browser in (laptop, phone, stranger)] == [True, False, True]
    assert Event.objects.filter(verb=Verb.SESSIONS_REVOKED).count() == 1


def test_nobody_signs_out_somebody_elses_device(laptop, bob):
    stranger = Client()
    sign_in(stranger, "bob@example.com")
    assert end(laptop, session_of(stranger)).status_code == 404
    assert is_signed_in(stranger)


def test_this_device_is_signed_out_by_signing_out(laptop):
    assert end(laptop, session_of(laptop)).status_code == 404
    assert is_signed_in(laptop)


def test_a_device_that_is_gone_already_is_not_found(laptop, phone):
    session = session_of(phone)
    session.delete()
    session.pk = session_of(laptop).user_id
    assert end(laptop, session).status_code == 404


def test_signing_out_takes_a_post_and_somebody_signed_in(laptop, phone):
    one = f"{PAGE}{session_of(phone).pk}/end/"
    for url in (one, f"{PAGE}end/"):
        assert laptop.get(url).status_code == 405
        assert Client().post(url).headers["Location"] == f"/accounts/login/?next={url}"
    assert is_signed_in(phone)


@pytest.mark.parametrize("query", ["?after=x", "?before=%00", "?after=1"])
def test_a_made_up_page_is_not_found(laptop, query):
    assert laptop.get(PAGE + query).status_code == 404
