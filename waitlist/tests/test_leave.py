"""Every email of the waitlist lets its person unsubscribe, here or in the mail program."""

import pytest
from django.core import mail as outgoing
from django.test import Client

from accounts.models import Mail
from accounts.outbox import queue
from waitlist import emails
from waitlist.inviting import invite_next
from waitlist.models import Entry
from waitlist.tests.people import entry, joins, mailed, waiting

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def link(client, settings, mailoutbox):
    """The link to leave in an email to Ann, who is on the list."""
    settings.WAITLIST_CONFIRM = True
    joins(client)
    return mailed("leave", mailoutbox)


@pytest.fixture(params=["confirmation", "invitation"])
def wire(request, olivia, settings, mail_server):
    """An email of each kind, as a mail server gets it."""
    settings.DEPLOYED, settings.SITE_URL = True, "https://waitlist.example.com"
    mail_server.start()
    [ann] = waiting("a" * 64 + "." + "b" * 60)
    if request.param == "confirmation":
        emails.confirmation(ann)
    else:
        invite_next(1, by=olivia)
    return mail_server.mails[0]


def test_mail_programs_find_the_link_whole_in_the_headers_and_people_in_the_text(client, wire):
    headers = dict(wire.raw_items())  # as mail programs read them, which decode nothing here
    link = headers["List-Unsubscribe"]
    assert link.startswith("<https://waitlist.example.com/waitlist/leave/")
    assert link.endswith("/>")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"\n{link[1:-1]}" in wire.body
    path = link[1:-1].removeprefix("https://waitlist.example.com")
    assert client.get(path).status_code == 200


def test_a_look_at_the_page_changes_nothing(client, link):
    page = client.get(link)
    assert "Unsubscribe" in page.text
    assert "Erase me" in page.text
    assert client.head(link).status_code == 200
    assert not entry().unsubscribed


@pytest.mark.parametrize("origin", [{}, {"origin": "https://mail.example"}, {"origin": "null"}])
def test_a_mail_program_unsubscribes_without_cookie_and_token(link, origin):
    stranger = Client(enforce_csrf_checks=True)
    answer = stranger.post(link, ONE_CLICK, headers=origin)
    assert answer.status_code == 200, "it would follow no redirect"
    assert "You are unsubscribed" in answer.text
    first = entry().unsubscribed
    assert stranger.post(link, b"", content_type="text/plain").status_code == 200
    assert entry().unsubscribed == first


def test_no_stranger_erases_anybody(link):
    assert Client(enforce_csrf_checks=True).post(f"{link}erase/").status_code == 403
    assert entry()


def test_a_forged_or_cut_link_and_one_to_confirm_are_none(client, link, mailoutbox):
    confirm = mailed("confirm", mailoutbox).split("/")[-2]
    token = link.split("/")[-2]
    for bad in (token[:-1], token[1:], "x", "x:y:z", confirm):
        for path in (f"/waitlist/leave/{bad}/", f"/waitlist/leave/{bad}/erase/"):
            assert client.post(path).status_code == 404
        assert client.get(f"/waitlist/leave/{bad}/").status_code == 404
    assert not entry().unsubscribed


def test_who_unsubscribed_is_not_invited(link, olivia, mailoutbox):
    entry().confirm()
    entry().unsubscribe()
    assert invite_next(5, by=olivia).invited == 0
    assert len(mailoutbox) == 1


def test_who_is_erased_at_the_same_moment_has_left(client, link, monkeypatch):
    unsubscribe = Entry.unsubscribe
    monkeypatch.setattr(Entry, "unsubscribe", lambda ann: unsubscribe(ann) or ann.erase())
    assert "Nothing is kept" in client.post(link, ONE_CLICK).text


def test_what_is_on_its_way_is_withdrawn_and_other_mail_is_not(client, link, settings):
    settings.MAIL_DELIVERY = "worker"
    joins(client)
    queue(outgoing.EmailMessage("Your code", "123456", to=["ann@example.com"]))
    client.post(link)
    pending = Mail.objects.in_state("pending")
    assert [mail.subject for mail in pending] == ["Your code"]


def test_what_cannot_be_read_any_more_is_no_obstacle(client, link, settings):
    settings.MAIL_DELIVERY = "worker"
    joins(client)
    Mail.objects.in_state("pending").update(message="x")
    assert client.post(link).status_code == 200


def test_of_who_is_not_on_the_list_the_page_says_that_nothing_is_kept(client, link):
    client.post(f"{link}erase/")
    assert "Nothing is kept" in client.get(link).text
    assert client.post(link, ONE_CLICK).status_code == 200
    assert client.post(f"{link}erase/").status_code == 302


def test_the_link_still_works_once_somebody_put_the_address_back(client, link):
    client.post(f"{link}erase/")
    joins(client)
    client.post(link)
    assert entry().unsubscribed
