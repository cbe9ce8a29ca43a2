"""WAITLIST_CONFIRM: who joins proves by an email that the address is theirs."""

import time
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from accounts.models import Attempt
from waitlist.models import Entry
from waitlist.tests.people import entry, joins, mailed

pytestmark = pytest.mark.django_db


@pytest.fixture
def confirming(settings):
    settings.WAITLIST_CONFIRM = True


@pytest.fixture
def link(client, confirming, mailoutbox):
    joins(client)
    return mailed("confirm", mailoutbox)


def test_who_joins_confirms_by_the_link_and_its_button(client, confirming, mailoutbox):
    answer = client.post("/waitlist/", {"email": "ann@example.com"}, follow=True)
    assert "Check your email" in answer.text
    assert mailoutbox[0].to == ["ann@example.com"]
    link = mailed("confirm", mailoutbox)
    assert "ann@example.com" in client.get(link).text
    assert not entry().confirmed, "programs that look for viruses open links, too"

    assert "You are on the list" in client.post(link, follow=True).text

    assert entry().confirmed


def test_without_it_nobody_is_asked(client, mailoutbox):
    joins(client)
    assert mailoutbox == []
    assert "on the list" in client.get("/waitlist/thanks/").text


def test_confirming_twice_changes_nothing(client, link):
    client.post(link)
    first = entry().confirmed
    assert "You are on the list" in client.post(link, follow=True).text
    assert entry().confirmed == first


def test_a_link_needs_the_forms_token(link):
    assert Client(enforce_csrf_checks=True).post(link).status_code == 403
    assert not entry().confirmed


def test_a_link_works_for_seven_days(client, link, monkeypatch):
    now, week = time.time(), 7 * 24 * 60 * 60
    monkeypatch.setattr(signing.time, "time", lambda: now + week - 60)
    assert client.get(link).status_code == 200
    monkeypatch.setattr(signing.time, "time", lambda: now + week + 60)
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410
    assert not entry().confirmed


def test_a_link_works_after_the_key_changed_until_the_old_one_is_taken_out(client, link, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    assert client.get(link).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(link).status_code == 404


def test_a_forged_or_cut_link_and_one_to_leave_are_none(client, link, mailoutbox):
    leave = mailed("leave", mailoutbox)
    for token in (link[:-3], "x", "a:b:c", link.removesuffix("/") + "x", leave.split("/")[-2]):
        path = f"/waitlist/confirm/{token.removeprefix('/waitlist/confirm/')}/"
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404
    assert not entry().confirmed


def test_the_link_of_somebody_who_was_erased_is_over(client, link):
    entry().erase()
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410
    assert not Entry.objects.exists()


def test_joining_again_sends_the_link_again_three_times_a_day(client, confirming, mailoutbox):
    answers = {joins(client).headers["Location"] for _ in range(5)}
    assert answers == {"/waitlist/thanks/"}
    assert len(mailoutbox) == 3
    joins(client, "bea@example.com")
    assert mailoutbox[-1].to == ["bea@example.com"]


def test_a_mailbox_is_not_flooded_by_addresses_that_lead_to_it(client, confirming, mailoutbox):
    for number in range(5):
        joins(client, f"ann+{number}@example.com")
    assert [mail.to for mail in mailoutbox] == [
        [f"ann+{number}@example.com"] for number in range(3)
    ]
    entry("ann+1@example.com").erase()
    assert not Attempt.objects.filter(key__startswith="waitlist_mail").exists()


def test_who_has_confirmed_gets_no_more_email(client, link, mailoutbox):
    client.post(link)
    joins(client)
    assert len(mailoutbox) == 1


def test_a_robot_gets_no_email(client, confirming, mailoutbox):
    client.post("/waitlist/", {"email": "ann@example.com", "website": "x"})
    assert mailoutbox == []
    assert not Entry.objects.exists()


def test_who_has_an_account_with_the_address_is_not_asked(client, confirming, alice, mailoutbox):
    joins(client, "alice@example.com")
    assert mailoutbox == []
    entry("alice@example.com").unsubscribe()
    joins(client, "alice@example.com")
    assert mailoutbox == [], "nor does anybody else have us write to them by typing their address"


@pytest.mark.parametrize("confirms", [True, False])
def test_who_left_comes_back_by_a_new_link_alone(client, settings, mailoutbox, confirms):
    settings.WAITLIST_CONFIRM = True
    joins(client)
    former = mailed("confirm", mailoutbox)
    client.post(former)
    entry().unsubscribe()
    settings.WAITLIST_CONFIRM = confirms

    assert client.get(former).status_code == 410
    assert client.post(former).status_code == 410
    assert joins(client).headers["Location"] == "/waitlist/thanks/"
    assert entry().unsubscribed
    link = mailed("confirm", mailoutbox)
    assert entry().unsubscribed
    assert "Confirm your address" in client.get(link).text
    client.post(link)

    assert not entry().unsubscribed
    assert client.post(former, follow=True).status_code == 200


def test_a_confirmation_that_comes_too_late_brings_nobody_back(client):
    joins(client)
    read_before = entry()
    entry().unsubscribe()
    assert not read_before.confirm()
    assert entry().unsubscribed


def test_who_left_is_written_to_once_a_week_at_most(client, mailoutbox):
    """Whoever else types their address."""
    joins(client)
    entry().unsubscribe()
    for _ in range(3):
        joins(client)
    for days, sent in ((6, 1), (8, 2)):
        Attempt.objects.update(times=[timezone.now() - timedelta(days=days)])
        joins(client)
        assert len(mailoutbox) == sent
    assert entry().unsubscribed
