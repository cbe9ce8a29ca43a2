"""/admin/: who enters, and what may be done there to people and their devices."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Event, Session, User
from accounts.tests.people import (
    RESET,
    is_signed_in,
    mailed_link,
    sign_in,
)
from accounts.verbs import Verb
from config.tests.admin_pages import url

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(bob):
    """A browser in which Bob is signed in, an admin of the platform but no owner."""
    User.objects.filter(pk=bob.pk).update(role="admin")
    client = Client()
    client.force_login(bob)
    return client


def test_sign_in_goes_through_allauth_and_comes_back(client, olivia):
    response = client.get("/admin/accounts/user/", follow=True)
    assert [url for url, _ in response.redirect_chain] == [
        "/admin/login/?next=/admin/accounts/user/",
        "/accounts/login/?next=/admin/accounts/user/",
    ]
    response = sign_in(client, olivia.email, next_page="/admin/accounts/user/")
    assert response.headers["Location"] == "/admin/accounts/user/"
    assert client.get("/admin/accounts/user/").status_code == 200


def test_the_admins_own_sign_in_takes_no_password(client, olivia):
    client.post("/admin/login/", {"username": olivia.email, "password": "green-field-2026"})
    assert not is_signed_in(client)


def test_whoever_is_no_staff_is_refused_and_not_sent_in_circles(client, alice):
    client.force_login(alice)
    response = client.get("/admin/", follow=True)
    assert response.status_code == 403
    assert len(response.redirect_chain) == 1


def test_the_admins_password_form_is_the_one_of_the_account(operator):
    response = operator.get("/admin/password_change/")
    assert response.headers["Location"] == "/accounts/password/change/"


def test_a_person_added_without_a_password_sets_one_by_email(operator):
    operator.post(url(User, "add"), {"email": "New@Example.com", "name": "New Person"})
    person = User.objects.get(email="new@example.com")
    assert not person.has_usable_password()

    visitor = Client()
    visitor.post(RESET, {"email": "new@example.com"})
    form = visitor.get(mailed_link(), follow=True)
    new = {"password1": "blue-river-2027", "password2": "blue-river-2027"}
    visitor.post(form.redirect_chain[-1][0], new)
    sign_in(visitor, "new@example.com", "blue-river-2027")
    assert is_signed_in(visitor)
    assert EmailAddress.objects.get(user=person).verified


def test_an_address_that_is_taken_is_an_error_in_the_form(operator, alice):
    response = operator.post(url(User, "add"), {"email": "ALICE@example.com", "name": "Other"})
    assert response.context["adminform"].form.errors.keys() == {"email"}


def test_no_password_hash_and_no_session_key_is_shown(operator, alice):
    client = Client()
    sign_in(client)
    session = Session.objects.get(user=alice)
    person = operator.get(url(User, "change", alice.pk)).text
    device = operator.get(url(Session, "change", session.pk)).text
    assert alice.email in person
    assert session.ip in device
    assert alice.password not in person
    assert session.session_key not in device + operator.get(url(Session, "changelist")).text
    assert session.session_data not in device


def test_deleting_a_session_signs_the_device_out(operator, alice):
    client = Client()
    sign_in(client)
    session = Session.objects.get(user=alice)
    operator.post(url(Session, "delete", session.pk), {"post": "yes"})
    assert client.get("/account/").status_code == 302


def test_sessions_are_neither_added_nor_changed_by_hand(operator, alice):
    Client().force_login(alice)
    session = Session.objects.get(user=alice)
    assert operator.get(url(Session, "add")).status_code == 403
    assert operator.post(url(Session, "change", session.pk), {"ip": "1.1.1.1"}).status_code == 403


def test_deleting_a_person_with_many_sessions_asks_first_at_a_fixed_price(operator, alice):
    for _ in range(10):
        Client().force_login(alice)
    with CaptureQueriesContext(connection) as queries:
        assert operator.get(url(User, "delete", alice.pk)).status_code == 200
    assert len(queries) < 25


def test_a_clerk_changes_people_and_makes_staff_but_nobody_their_equal(clerk, alice):
    page = url(User, "change", alice.pk)
    clerk.post(page, {"name": "Alice Other", "is_active": "on", "role": "staff"})
    alice.refresh_from_db()
    assert (alice.name, alice.role) == ("Alice Other", "staff")
    for role in ("admin", "owner"):
        answer = clerk.post(page, {"name": "Alice", "is_active": "on", "role": role})
        assert "role" in answer.context["adminform"].form.errors
    alice.refresh_from_db()
    assert alice.role == "staff"


@pytest.mark.parametrize("who", ["bob", "olivia", "ada"])
def test_a_clerk_raises_nobody_who_stands_as_high_and_not_themselves(who, clerk, bob, olivia):
    ada = User.objects.create_user("ada@example.com", name="Ada", role="admin")
    person = {"bob": bob, "olivia": olivia, "ada": ada}[who]
    before = User.objects.get(pk=person.pk).role
    form = {"name": "Gone", "role": "owner", "is_superuser": "on", "is_staff": "on"}
    clerk.post(url(User, "change", person.pk), form)
    assert clerk.post(url(User, "delete", person.pk), {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": person.pk, "post": "yes"}
    clerk.post(url(User, "changelist"), action)
    person.refresh_from_db()
    assert (person.role, person.is_active) == (before, True)
    assert (person.name == "Gone") is (who == "bob")  # their own name is theirs to change


def test_a_clerk_cannot_add_anybody_with_a_role(clerk):
    clerk.post(url(User, "add"), {"email": "new@example.com", "name": "New", "role": "staff"})
    assert User.objects.get(email="new@example.com").role == "user"


def test_a_clerk_adds_no_address_to_an_owner_to_reset_their_password_by(clerk, olivia, alice):
    for person in (olivia, alice):
        form = {"user": person.pk, "email": f"clerk-{person.name[0]}@example.com", "verified": "on"}
        clerk.post(url(EmailAddress, "add"), form)
    assert EmailAddress.objects.filter(user=alice).count() == 2
    assert EmailAddress.objects.filter(user=olivia).count() == 1


def test_a_clerk_leaves_the_addresses_of_owners_alone(clerk, olivia):
    address = EmailAddress.objects.get(user=olivia)
    EmailAddress.objects.update(verified=False)
    change = clerk.post(url(EmailAddress, "change", address.pk), {"verified": "on"})
    delete = clerk.post(url(EmailAddress, "delete", address.pk), {"post": "yes"})
    assert (change.status_code, delete.status_code) == (403, 403)
    for action in ("make_verified", "delete_selected"):
        form = {"action": action, "_selected_action": address.pk, "post": "yes"}
        clerk.post(url(EmailAddress, "changelist"), form)
    address.refresh_from_db()
    assert not address.verified


def test_a_clerk_confirms_no_address_of_their_own(clerk, bob):
    """They could join what others are invited to: a code proves whose mailbox it is."""
    address = EmailAddress.objects.create(user=bob, email="somebody-elses@example.com")
    answer = clerk.post(url(EmailAddress, "change", address.pk), {"verified": "on"})
    assert answer.status_code == 403
    address.refresh_from_db()
    assert not address.verified


def test_a_clerk_confirms_the_address_of_a_person(clerk, alice):
    EmailAddress.objects.update(verified=False)
    address = EmailAddress.objects.get(user=alice)
    form = {"action": "make_verified", "_selected_action": address.pk}
    clerk.post(url(EmailAddress, "changelist"), form)
    address.refresh_from_db()
    assert address.verified


def test_an_operator_switches_a_person_off(operator, alice):
    client = Client()
    client.force_login(alice)
    form = {"name": alice.name, "role": alice.role, "initial-is_active": "True"}
    operator.post(url(User, "change", alice.pk), form)
    assert client.get("/account/").status_code == 302
    assert mail.outbox == []


def test_a_role_that_was_given_is_told_and_ends_the_sessions(operator, olivia, alice):
    client = Client()
    client.force_login(alice)
    form = {"name": alice.name, "role": "admin", "is_active": "on"}
    operator.post(url(User, "change", alice.pk), form)
    assert client.get("/account/").status_code == 302
    event = Event.objects.get(verb=Verb.ROLE_CHANGED)
    assert (event.actor_id, event.subject_id) == (olivia.pk, alice.pk)


@pytest.mark.parametrize("page", ["delete", "changelist"])
def test_the_last_owner_stays_and_the_page_says_so(page, operator, olivia):
    action = {"action": "delete_selected", "_selected_action": olivia.pk, "post": "yes"}
    path = url(User, page, *([olivia.pk] if page == "delete" else []))
    answer = operator.post(path, action, follow=True)
    assert (answer.status_code, "last owner" in answer.text) == (200, True)
    assert User.objects.filter(pk=olivia.pk).exists()


@pytest.mark.parametrize("page", ["delete", "changelist"])
def test_recovery_codes_go_with_the_last_second_factor(page, operator, alice, bob):
    factors = {}
    for person, kind in [(alice, "totp"), (bob, "totp"), (bob, "webauthn")]:
        factors[person] = Authenticator.objects.create(user=person, type=kind, data={"name": "Key"})
    for person in (alice, bob):
        Authenticator.objects.create(user=person, type="recovery_codes", data={})
        factor = factors[person].pk
        path = url(Authenticator, page, *([factor] if page == "delete" else []))
        form = {"action": "delete_selected", "_selected_action": factor, "post": "yes"}
        operator.post(path, form)
    left = Authenticator.objects.values_list("user__name", "type")
    assert set(left) == {("Bob Example", "totp"), ("Bob Example", "recovery_codes")}
