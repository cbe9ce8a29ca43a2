"""The link that people of the waitlist get, and what a sign-up does to their entry."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Event, User
from accounts.tests.factors import Passkey, question_of
from accounts.tests.people import (
    CODE,
    ERIN,
    LOGIN,
    PASSKEY_SIGNUP,
    SIGNUP,
    is_signed_in,
    mailed_code,
    sign_in,
)
from accounts.verbs import Verb
from config import cast
from waitlist.inviting import invite_next
from waitlist.models import Entry
from waitlist.tests.people import expire, link_in, waiting

pytestmark = pytest.mark.django_db

modes = pytest.mark.parametrize("mode", ["open", "invitation", "waitlist"])


@pytest.fixture
def link(olivia):
    """The path of the link that Erin has got."""
    waiting("erin")
    invite_next(1, by=olivia)
    return link_in(mail.outbox.pop())


def entry():
    return Entry.objects.get(email="erin@example.com")


def enter(client, link):
    """Press the button on the link's page."""
    return client.post(f"{link}sign-up/")


@modes
def test_the_link_signs_up_without_a_code_in_every_mode_and_marks_joined(
    client, link, settings, mode
):
    settings.SIGNUP_MODE = mode
    assert "Your place is ready" in client.get(link).text
    assert enter(client, link).headers["Location"] == SIGNUP
    client.post(SIGNUP, ERIN | {"email": "mallory@example.com"})
    assert is_signed_in(client)
    assert User.objects.get(email="erin@example.com").name == "Erin Example"
    assert entry().joined
    assert mail.outbox == []


@pytest.mark.parametrize("mode", ["invitation", "waitlist"])
def test_without_the_link_nobody_signs_up_and_the_entry_waits_on(client, link, settings, mode):
    settings.SIGNUP_MODE = mode
    client.get(link)  # as a mail scanner does
    page = client.post(SIGNUP, ERIN)
    assert ('href="/waitlist/"' in page.text) is (mode == "waitlist")
    client.post(PASSKEY_SIGNUP, {"name": "Erin", "email": "erin@example.com"})
    assert not User.objects.filter(email="erin@example.com").exists()
    assert not entry().joined


def test_the_link_signs_up_with_a_passkey_too(link, settings):
    settings.SIGNUP_MODE = "waitlist"
    client = Client(headers={"host": "localhost"})
    enter(client, link)
    page = client.post(PASSKEY_SIGNUP, {"name": "Erin", "email": "erin@example.com"}).url
    client.post(page, {"credential": Passkey().answer_to(question_of(client.get(page)))})
    assert is_signed_in(client)
    assert entry().joined


def test_an_open_sign_up_marks_joined_once_the_address_is_confirmed(client):
    waiting("erin")
    client.post(SIGNUP, ERIN)
    assert not entry().joined
    client.post(CODE, {"code": mailed_code()})
    assert is_signed_in(client)
    assert entry().joined


def test_an_address_that_somebody_adds_and_confirms_marks_joined(alice):
    waiting("erin")
    address = EmailAddress.objects.create(user=alice, email="erin@example.com")
    assert not entry().joined
    address.verified = True
    address.save()
    joined = entry().joined
    assert joined
    address.save()
    assert entry().joined == joined


def test_who_has_an_account_is_marked_as_they_join_the_list():
    cast.person("erin")
    Entry.join("erin@example.com")
    assert entry().joined


def test_the_page_of_a_link_that_was_used_leads_to_sign_in(client, link):
    enter(client, link)
    client.post(SIGNUP, ERIN)
    visitor = Client()
    for answer in (visitor.get(link), enter(visitor, link)):
        assert answer.status_code == 410
        assert f'href="{LOGIN}"' in answer.text
    assert "used" in client.get(link).text
    visitor.post(SIGNUP, ERIN)
    assert User.objects.filter(email="erin@example.com").count() == 1


def test_a_link_that_was_used_gives_no_pass(client, link, settings):
    settings.SIGNUP_MODE = "waitlist"
    cast.person("erin")
    enter(client, link)
    assert "signup_pass" not in client.session


def test_a_link_whose_account_nobody_noticed_counts_as_used(client, link):
    cast.person("erin")
    Entry.objects.update(joined=None)
    assert client.get(link).status_code == 410


@pytest.mark.parametrize(("mode", "way"), [("open", f'href="{SIGNUP}"'), ("waitlist", "renew/")])
def test_an_expired_link_says_what_to_do_and_gives_no_pass(client, link, settings, mode, way):
    settings.SIGNUP_MODE = mode
    expire(entry())
    for answer in (client.get(link), enter(client, link)):
        assert answer.status_code == 410
        assert "This link has expired" in answer.text
        assert way in answer.text
    assert "signup_pass" not in client.session


def test_an_expired_link_is_renewed_once_by_an_email_to_its_address(client, link):
    assert client.post(f"{link}renew/").headers["Location"] == link, "it works"
    expire(entry())
    assert client.get(f"{link}renew/").status_code == 405, "whoever looks at links asks for none"
    assert "Check your email" in client.post(f"{link}renew/").text
    [email] = mail.outbox
    assert email.to == ["erin@example.com"]
    assert client.get(link_in(email)).status_code == 200
    assert client.get(link).status_code == 404
    assert "no such link" in client.post(f"{link}renew/", follow=True).text
    assert len(mail.outbox) == 1
    [event] = Event.objects.filter(verb=Verb.WAITLIST_LINK_RENEWED)
    assert (event.actor_id, event.subject_label) == (None, "erin@example.com")


def test_who_left_or_joined_meanwhile_gets_no_new_link(client, link, settings):
    settings.SIGNUP_MODE = "waitlist"
    expire(entry())
    entry().unsubscribe()
    assert "Join the waitlist" in client.post(f"{link}renew/", follow=True).text
    Entry.objects.update(unsubscribed=None)
    cast.person("erin")
    Entry.objects.update(joined=None)  # as if nobody had noticed
    assert "already been used" in client.post(f"{link}renew/", follow=True).text
    assert mail.outbox == []


def test_an_unknown_link_is_not_found(client, link):
    for answer in (client.get(f"{link[:-2]}/"), enter(client, f"{link[:-2]}/")):
        assert answer.status_code == 404
        assert "There is no such link" in answer.text


def test_without_a_waitlist_its_links_are_not_found(client, link, settings):
    settings.WAITLIST_ENABLED = False
    for answer in (client.get(link), enter(client, link), client.post(f"{link}switch/")):
        assert answer.status_code == 404
    assert "signup_pass" not in client.session


def test_who_is_signed_in_stays_so_unless_they_say_otherwise(client, alice, link):
    sign_in(client)
    assert "You are signed in already" in client.get(link).text
    assert enter(client, link).headers["Location"] == link
    assert is_signed_in(client)
    assert "signup_pass" not in client.session
    assert client.post(f"{link}switch/").headers["Location"] == link
    assert not is_signed_in(client)
    assert "Your place is ready" in client.get(link).text


def test_only_a_post_does_anything(client, link):
    assert client.get(f"{link}sign-up/").status_code == 405
    assert client.get(f"{link}switch/").status_code == 405
    assert client.head(link).status_code == 200


def test_the_page_is_not_kept_and_tells_no_other_site_its_address(client, link):
    page = client.get(link)
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Referrer-Policy"] in ("same-origin", "strict-origin-when-cross-origin")


def test_no_log_has_the_token(client, link, caplog):
    client.get(link)
    enter(client, link)
    client.get(f"{link[:-2]}/")
    assert "/waitlist/invitations/<str:token>/" in caplog.text
    assert link[-30:-5] not in caplog.text


def test_the_page_costs_two_statements(client, link):
    with CaptureQueriesContext(connection) as queries:
        client.get(link)
    assert len(queries) == 2


def test_an_entry_goes_with_its_account(client, link):
    enter(client, link)
    client.post(SIGNUP, ERIN)
    EmailAddress.objects.filter(user__email="erin@example.com").delete()
    User.objects.get(email="erin@example.com").delete()
    assert not Entry.objects.exists()
