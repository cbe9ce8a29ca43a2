"""Dates are shown in the time zone that a person chose."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from accounts import time_zones
from accounts.models import User
from accounts.tests.people import sign_up
from orgs.models import Invitation
from orgs.roles import Role

pytestmark = pytest.mark.django_db


def choose(client, zone):
    return client.post("/account/profile/", {"name": "Alice Example", "time_zone": zone})


def test_a_person_chooses_a_time_zone_from_the_list(client, alice):
    client.force_login(alice)
    assert '<option value="UTC" selected>UTC</option>' in client.get("/account/").text
    assert choose(client, "Europe/Berlin").headers["Location"] == "/account/"
    page = client.get("/account/").text
    assert '<optgroup label="Europe">' in page
    assert '<option value="Europe/Berlin" selected>Berlin</option>' in page
    assert page.count(" selected") == 1


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "localtime", "a" * 51])
def test_what_is_no_time_zone_is_refused(client, alice, zone):
    client.force_login(alice)
    page = choose(client, zone)
    assert page.context["form"].errors.keys() == {"time_zone"}
    assert User.objects.get().time_zone == "UTC"


def test_a_zone_that_is_no_longer_known_harms_no_page_and_stays_chosen(client, alice):
    User.objects.update(time_zone='Old/"Zone"')
    client.force_login(alice)
    assert "<option selected>Old/&quot;Zone&quot;</option>" in client.get("/account/").text


def test_dates_are_in_the_time_zone_of_who_sees_them(client, acme, alice, bob):
    invitation = acme.invite("erin@example.com", Role.MEMBER, by=acme.owner.organization_user)
    noon = datetime(2099, 7, 1, 12, 0, tzinfo=UTC)
    Invitation.objects.filter(pk=invitation.pk).update(expires=noon)
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Tokyo")
    client.force_login(alice)
    assert "21:00 JST" in client.get("/o/acme/invitations/").text
    client.force_login(bob)
    assert "12:00 UTC" in client.get("/o/acme/invitations/").text


def test_a_visitor_after_somebody_else_sees_dates_in_utc(client, alice):
    User.objects.update(time_zone="Asia/Tokyo")
    client.force_login(alice)
    client.get("/account/")
    assert timezone.get_current_timezone_name() == "Asia/Tokyo"  # the thread serves others next
    Client().get("/")
    assert timezone.get_current_timezone_name() == "UTC"


def test_an_email_to_somebody_else_is_in_utc(client, acme, alice, mailoutbox):
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Tokyo")
    client.force_login(alice)
    form = {"emails": "erin@example.com", "role": "member"}
    client.post("/o/acme/invitations/new/", form)
    expires = Invitation.objects.get().expires
    assert f"{expires:%H:%M} UTC" in mailoutbox[0].body


@pytest.mark.parametrize(
    ("told", "kept"),
    [("Asia/Tokyo", "Asia/Tokyo"), ("Mars/Olympus", "UTC"), ("", "UTC"), ("x\0", "UTC")],
)
def test_sign_up_takes_the_browsers_time_zone(client, told, kept):
    sign_up(client, time_zone=told)
    assert User.objects.get().time_zone == kept


def test_a_page_without_a_person_spends_nothing_on_it(client, alice, django_assert_num_queries):
    client.force_login(alice)
    with django_assert_num_queries(0):
        client.get("/nowhere/")


def test_the_list_has_the_zones_of_today_alone():
    assert {"UTC", "Europe/Kyiv", "Asia/Kolkata", "America/Argentina/Ushuaia"} <= time_zones.known()
    assert not {"US/Pacific", "Japan", "localtime", "Factory"} & time_zones.known()
