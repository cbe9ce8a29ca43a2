"""/admin/accounts/user/: finding people among many, and what is done to them from there."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.admin import people_search
from accounts.browsing.counting import Estimate
from accounts.models import Session, User
from accounts.roles import PlatformRole
from accounts.tests.people import sign_in
from config.tests.admin_pages import url

pytestmark = pytest.mark.django_db

PEOPLE = url(User, "changelist")


def page(person, deed):
    return f"{PEOPLE}{person.pk}/{deed}/"


def found(client, **query):
    """The first names in the list, in its order."""
    people = client.get(PEOPLE, query).context["cl"].result_list
    return [person.name.split()[0] for person in people]


@pytest.fixture
def clerk(bob):
    bob.role = PlatformRole.ADMIN
    bob.save()
    client = Client()
    client.force_login(bob)
    return client


@pytest.mark.parametrize(
    "words",
    ["alice", "ALI", "alice example", "exa ali", "alice@example.com", "alice@exa", " alice- "],
)
def test_people_are_found_by_the_beginnings_of_words(operator, alice, bob, words):
    assert found(operator, q=words) == ["Alice"]


@pytest.mark.parametrize("words", ["lice", "alice bob", "%", "'", "alice:*&", "&|!"])
def test_what_is_not_there_is_not_found_and_breaks_nothing(operator, alice, bob, words):
    assert found(operator, q=words) in ([], ["Alice"])
    assert found(operator, q="nobody") == []


def test_words_that_fit_more_people_than_anybody_reads_find_them_too(
    operator, alice, bob, monkeypatch
):
    monkeypatch.setattr(people_search, "MOST_COUNTED", 1)
    monkeypatch.setattr(people_search, "SAMPLE", 3)
    assert found(operator, q="example") == ["Bob", "Alice", "Olivia"]
    assert found(operator, q="example", o="2") == ["Alice", "Bob", "Olivia"]
    User.objects.create_user("alina@example.com", name="Alina")
    monkeypatch.setattr(people_search, "SAMPLE", 4)
    assert found(operator, q="ali") == ["Alina", "Alice"]
    assert found(operator, q="ali", o="2") == ["Alice", "Alina"]
    number = operator.get(PEOPLE, {"q": "bob exa"}).context["cl"].result_count
    assert not isinstance(number, Estimate)
    number = operator.get(PEOPLE, {"q": "exa"}).context["cl"].result_count
    assert (number, isinstance(number, Estimate)) == (4, True)


def test_words_that_fit_more_people_than_are_sorted_find_them_too(
    operator, alice, bob, monkeypatch
):
    monkeypatch.setattr(people_search, "MOST_SORTED", 1)
    assert found(operator, q="example") == ["Bob", "Alice", "Olivia"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"role__exact": "owner"}, ["Olivia"]),
        ({"state": "banned"}, ["Alice"]),
        ({"state": "off"}, ["Charlie"]),
        ({"state": "active"}, ["Dora", "Bob", "Olivia"]),
        ({"confirmed": "no"}, ["Bob"]),
        ({"second_factor": "yes"}, ["Dora"]),
        ({"o": "2"}, ["Alice", "Bob", "Charlie", "Dora", "Olivia"]),
    ],
)
def test_the_list_is_filtered_and_sorted(operator, olivia, alice, bob, charlie, dora, query, names):
    alice.ban(by=olivia, reason="Spam")
    bob.ban(by=olivia, reason="Spam", until=timezone.now() + timedelta(days=1))
    User.objects.filter(pk=bob.pk).update(ban_until=timezone.now() - timedelta(days=1))
    charlie.deactivate(by=olivia)
    EmailAddress.objects.filter(user=bob).update(verified=False)
    Authenticator.objects.create(user=dora, type="totp", data={})
    Authenticator.objects.create(user=bob, type="recovery_codes", data={})
    assert found(operator, **query) == names


def test_people_of_one_name_stand_in_the_order_of_their_ids(operator, alice, bob, dora):
    User.objects.filter(pk__in=[alice.pk, bob.pk, dora.pk]).update(name="Ann")
    people = operator.get(PEOPLE, {"o": "2"}).context["cl"].result_list
    assert [person.pk for person in people][:3] == [dora.pk, bob.pk, alice.pk]


def test_the_list_costs_the_same_however_many_people_are_banned(operator, olivia, alice, bob, dora):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            operator.get(PEOPLE)
        return len(queries)

    statements()
    few = statements()
    for person in (alice, bob, dora):
        person.ban(by=olivia, reason="Spam")
    assert statements() == few <= 4


def test_a_person_is_banned_with_a_reason_and_an_end_and_unbanned(operator, alice):
    form = {"reason": "Spam", "until": "2099-01-31T12:00"}
    answer = operator.post(page(alice, "ban"), form)
    assert answer.headers["Location"] == url(User, "change", alice.pk)
    assert (
        "Banned until 2099-01-31 12:00 UTC: Spam" in operator.get(answer.headers["Location"]).text
    )
    operator.post(page(alice, "unban"))
    alice.refresh_from_db()
    assert not alice.is_banned


def test_a_ban_is_lifted_at_one_click_on_the_persons_page(operator, olivia, alice):
    button = f'<form method="post" action="{page(alice, "unban")}">'
    assert button not in operator.get(url(User, "change", alice.pk)).text
    alice.ban(by=olivia, reason="Spam")
    assert button in operator.get(url(User, "change", alice.pk)).text


def test_what_was_typed_stays_when_a_ban_is_refused(operator, alice):
    answer = operator.post(page(alice, "ban"), {"reason": "Spam", "until": "2001-01-31T12:00"})
    assert "The end of a ban lies in the future." in answer.text
    assert "Spam</textarea>" in answer.text


def test_signing_somebody_out_everywhere_ends_each_session(operator, alice):
    device = Client()
    sign_in(device)
    operator.post(page(alice, "sign_out"))
    assert not Session.objects.filter(user=alice).exists()
    assert device.get("/account/").status_code == 302


@pytest.mark.parametrize("deed", ["ban", "unban", "sign_out"])
def test_nothing_is_done_by_looking(operator, alice, deed):
    sign_in(Client())
    assert operator.get(page(alice, deed)).status_code == 200
    alice.refresh_from_db()
    assert not alice.is_banned
    assert Session.objects.filter(user=alice).exists()


@pytest.mark.parametrize("deed", ["ban", "unban", "sign_out"])
@pytest.mark.parametrize("who", ["olivia", "bob"])
def test_nobody_does_anything_to_whom_they_do_not_outrank(clerk, olivia, bob, who, deed):
    person = {"olivia": olivia, "bob": bob}[who]
    assert clerk.get(page(person, deed)).status_code == 403
    assert clerk.post(page(person, deed), {"reason": "Spam"}).status_code == 403
    assert page(person, deed) not in clerk.get(url(User, "change", person.pk)).text


def test_a_clerk_bans_whom_they_outrank(clerk, alice):
    assert page(alice, "ban") in clerk.get(url(User, "change", alice.pk)).text
    clerk.post(page(alice, "ban"), {"reason": "Spam"})
    alice.refresh_from_db()
    assert alice.is_banned


def test_many_are_banned_at_once_with_one_outcome_each(clerk, alice, bob, dora, olivia):
    people = [alice.pk, bob.pk, dora.pk, olivia.pk]
    chosen = clerk.post(PEOPLE, {"action": "ban_selected", "_selected_action": people})
    assert "alice@example.com" in chosen.text
    assert "<h1>Ban 4 people</h1>" in chosen.text
    assert not User.objects.filter(banned_at__isnull=False).exists()
    answer = clerk.post(f"{PEOPLE}ban/", {"people": people, "reason": "Spam"})
    outcomes = {person.name: refusal for person, refusal in answer.context["outcomes"]}
    assert [name for name, refusal in outcomes.items() if not refusal] == [
        "Alice Example",
        "Dora Example",
    ]
    banned = User.objects.filter(banned_at__isnull=False)
    assert {person.name for person in banned} == {"Alice Example", "Dora Example"}
    assert "Not done: Your role does not allow you to do this to Olivia Example." in answer.text


def test_many_are_unbanned_at_once_with_one_outcome_each(operator, olivia, alice, dora):
    alice.ban(by=olivia, reason="Spam")
    answer = operator.post(f"{PEOPLE}unban/", {"people": [alice.pk, dora.pk]})
    assert "Alice Example is no longer banned." in answer.text
    assert "Not done: Dora Example is not banned." in answer.text


@pytest.mark.parametrize("people", [[], ["x"], ["018f0000-0000-7000-8000-000000000000"]])
def test_choosing_nobody_or_nonsense_bans_nobody(operator, alice, people):
    answer = operator.post(f"{PEOPLE}ban/", {"people": people, "reason": "Spam"})
    assert answer.status_code == 200
    assert not User.objects.filter(banned_at__isnull=False).exists()


def test_a_persons_page_shows_their_rows_in_every_table(operator, alice, acme):
    sign_in(Client())
    text = operator.get(url(User, "change", alice.pk)).text
    for heading in ("Email addresses", "Sessions", "Memberships", "Social accounts"):
        assert heading.casefold() in text.casefold()
    assert url(Session, "change", Session.objects.get(user=alice).pk) in text
    assert "Alice Example in Acme" in text


def test_an_address_is_added_from_its_persons_page_by_who_may(operator, client, alice, bob):
    """Without JavaScript, which suggests people, there is no other way."""
    page = url(User, "change", alice.pk)
    add = url(EmailAddress, "add") + f"?user={alice.pk}"
    assert f'href="{add}"' in operator.get(page).text
    assert "Alice Example</option>" in operator.get(add).text
    User.objects.filter(pk=bob.pk).update(role="staff")
    client.force_login(bob)
    assert add not in client.get(page).text


def test_a_persons_page_costs_the_same_however_many_rows_they_have(operator, alice, acme):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            operator.get(url(User, "change", alice.pk))
        return len(queries)

    statements()
    few = statements()
    for _ in range(8):
        Client().force_login(alice)
    assert statements() <= few
    assert "See all of them" in operator.get(url(User, "change", alice.pk)).text


def test_an_admin_signs_out_a_device_of_whom_they_outrank_alone(clerk, alice, olivia):
    for person, status in ((alice, 302), (olivia, 403)):
        Client().force_login(person)
        session = Session.objects.get(user=person)
        answer = clerk.post(url(Session, "delete", session.pk), {"post": "yes"})
        assert answer.status_code == status
        assert Session.objects.filter(pk=session.pk).exists() == (status == 403)


def test_an_admin_begins_to_act_as_a_person_from_their_page(clerk, alice):
    answer = clerk.post(page(alice, "impersonate"), {"reason": "They asked for help"})
    assert answer.headers["Location"] == "/organizations/last/"
    assert "Alice Example" in clerk.get("/organizations/").text


def test_acting_as_somebody_needs_a_reason(clerk, alice):
    assert "required" in clerk.post(page(alice, "impersonate"), {"reason": " "}).text
    assert not Session.objects.filter(user=alice).exists()


def test_nobody_is_offered_to_act_as_staff(operator, bob):
    User.objects.filter(pk=bob.pk).update(role=PlatformRole.STAFF)
    assert page(bob, "ban") in operator.get(url(User, "change", bob.pk)).text
    assert page(bob, "impersonate") not in operator.get(url(User, "change", bob.pk)).text
    assert "Your role does not" in operator.post(page(bob, "impersonate"), {"reason": "x"}).text


def test_an_old_page_takes_back_nothing_that_was_not_changed_on_it(operator, olivia, alice):
    shown = {"name": alice.name, "role": "user", "is_active": "on"}
    before = {f"initial-{field}": value for field, value in shown.items()}
    page_of_alice = operator.get(url(User, "change", alice.pk)).text
    assert all(f'name="{name}"' in page_of_alice for name in before)
    alice.deactivate(by=olivia)
    alice.change_role(PlatformRole.STAFF, by=olivia)
    operator.post(url(User, "change", alice.pk), {**shown, **before, "name": "Alice Other"})
    alice.refresh_from_db()
    assert (alice.name, alice.role, alice.is_active) == ("Alice Other", "staff", False)


@pytest.mark.parametrize("model", [User, EmailAddress])
def test_an_address_that_staff_type_is_stored_as_everybodys(operator, alice, model):
    """Else one mailbox had two accounts, and no sign-in would find the one of staff."""

    def add(email):
        form = {"email": email, "name": "Erin", "user": alice.pk}
        return operator.post(url(model, "add"), form).status_code

    assert add("Erin@BÜCHER.example") == 302
    assert model.objects.filter(email="erin@xn--bcher-kva.example").exists()
    assert add("erin@straße.example") == 200  # to which no mail can be sent
    assert not model.objects.filter(email__contains="straße").exists()


def test_a_made_up_person_to_add_an_address_for_is_nobody(operator):
    for ask in (operator.get, operator.post):
        assert ask(url(EmailAddress, "add"), {"user": "made-up"}).status_code == 200
