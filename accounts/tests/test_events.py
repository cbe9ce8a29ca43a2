"""What writes a line of the audit trail, and what stands in it."""

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import user_logged_in
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from accounts import limits
from accounts.models import Event, Session, User
from accounts.rates import SECOND_FACTOR
from accounts.tests.factors import (
    AUTHENTICATE,
    PASSKEY_LOGIN,
    Passkey,
    question_of,
    sign_in_by_passkey,
)
from accounts.tests.people import CODE, RESET, mailed_code, mailed_link, sign_in, sign_up
from accounts.verbs import Verb
from config.cast import PASSWORD
from config.tests.admin_pages import url


def test_an_event_is_one_statement(olivia, bob, django_assert_num_queries):
    with django_assert_num_queries(1):
        Event.record(Verb.BANNED, by=olivia, subject=bob, personal={"reason": "spam"})


def test_an_unknown_verb_is_refused(olivia):
    with pytest.raises(ValueError, match=r"account\.danced"):
        Event.record("account.danced", by=olivia)


def test_an_event_goes_with_the_transaction_it_was_written_in(olivia):
    with transaction.atomic():
        Event.record(Verb.BANNED, by=olivia)
        transaction.set_rollback(True)
    assert not Event.objects.exists()


def test_outside_a_request_there_is_no_address(bob):
    event = Event.record(Verb.ROLE_CHANGED, by=None, subject=bob)
    assert (event.actor_id, event.ip, event.request_id) == (None, None, "")


def verbs(**query):
    return [event.verb for event in Event.objects.filter(**query).order_by("id")]


def last():
    """Return the newest event: verb, who, whose account if another's, details."""
    event = Event.objects.first()
    return (event.verb, event.actor_id, event.subject_id, event.data)


def test_signing_up_confirming_and_signing_in_are_events_of_the_new_person(client, db):
    sign_up(client)
    client.post(CODE, {"code": mailed_code()})
    person = User.objects.get()
    assert verbs(actor_id=person.pk) == [Verb.SIGNED_UP, Verb.EMAIL_CONFIRMED, Verb.SIGNED_IN]
    confirmed = Event.objects.get(verb=Verb.EMAIL_CONFIRMED)
    assert confirmed.data == {"personal": {"email": "erin@example.com"}}


def test_a_sign_up_for_a_known_address_is_no_event(client, alice):
    sign_up(client, email=alice.email)
    assert not Event.objects.exists()


def test_an_event_knows_the_request_it_came_with(client, alice):
    response = sign_in(client, REMOTE_ADDR="192.0.2.7")
    event = Event.objects.get()
    assert (event.ip, event.request_id) == ("192.0.2.7", response.headers["X-Request-ID"])


def test_signing_in_tells_how(client, alice):
    sign_in(client)
    assert last() == (Verb.SIGNED_IN, alice.pk, None, {"method": "password"})


def test_signing_in_by_code_tells_so(client, alice):
    client.post("/accounts/login/code/", {"email": alice.email})
    code = mailed_code()
    client.post("/accounts/login/code/confirm/", {"code": "000000" if code != "000000" else "1"})
    assert last() == (Verb.SIGN_IN_FAILED, None, alice.pk, {"method": "code"})
    client.post("/accounts/login/code/confirm/", {"code": code})
    assert last() == (Verb.SIGNED_IN, alice.pk, None, {"method": "code"})


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ([{"method": "mfa", "type": "webauthn", "passwordless": True}], {"method": "passkey"}),
        (
            [{"method": "password"}, {"method": "mfa", "type": "totp"}],
            {"method": "password", "second_factor": "totp"},
        ),
        (
            [{"method": "password"}, {"method": "socialaccount", "provider": "github"}],
            {"method": "socialaccount", "provider": "github"},
        ),
    ],
)
def test_signing_in_tells_of_passkeys_providers_and_second_factors(record, told, alice, rf):
    request = rf.get("/")
    request.session = {
        "account_authentication_methods": record,
        "account_authentication_methods_user": str(alice.pk),
    }
    user_logged_in.send(User, request=request, user=alice)
    assert last() == (Verb.SIGNED_IN, alice.pk, None, told)


def test_a_passkey_that_is_refused_is_told_of_as_often_as_the_limit_allows(alice, bob):
    client = Client(headers={"host": "localhost"})
    Passkey().added_to(alice)
    sign_in(client)
    question = question_of(client.get(AUTHENTICATE))
    answer = {"credential": Passkey().added_to(bob).answer_to(question)}
    client.post(AUTHENTICATE, answer)
    assert last() == (Verb.SIGN_IN_FAILED, None, alice.pk, {"method": "passkey"})
    limits.count_most("second_factor", f"{SECOND_FACTOR}{alice.pk}", 10, 15 * 60, tries=9)
    client.post(AUTHENTICATE, answer)
    assert Event.objects.filter(verb=Verb.SIGN_IN_FAILED).count() == 1


def test_a_sign_in_by_a_passkey_that_is_refused_is_on_nobodys_record(bob):
    """Whose it is, the answer itself claims."""
    client = Client(headers={"host": "localhost"})
    sign_in_by_passkey(client, Passkey(verifies_user=False).added_to(bob))
    assert last() == (Verb.SIGN_IN_FAILED, None, None, {"method": "passkey"})
    client.post(PASSKEY_LOGIN, {"credential": "{}"})  # no answer at all is nobody's try
    assert Event.objects.filter(verb=Verb.SIGN_IN_FAILED).count() == 1


def test_a_new_name_is_told_of_and_nothing_else_of_the_profile(client, alice):
    client.force_login(alice)
    client.post("/account/profile/", {"name": "Alice Example", "time_zone": "Europe/Vienna"})
    assert not Event.objects.exists()
    client.post("/account/profile/", {"name": "Alice Other", "time_zone": "UTC"})
    assert last() == (Verb.ACCOUNT_EDITED, alice.pk, None, {"fields": ["name"]})
    assert str(Event.objects.first()) == "Somebody edited the account (name)"


def test_signing_out(client, alice):
    sign_in(client)
    client.post("/accounts/logout/")
    assert last() == (Verb.SIGNED_OUT, alice.pk, None, {})


def test_a_failed_sign_in_tells_whose_account_it_was_and_nothing_else_that_was_typed(client, alice):
    sign_in(client, password="not-hers-2026")
    sign_in(client, email="nobody@example.com", password="not-theirs-2026")
    nobodys, hers = Event.objects.all()
    assert (hers.verb, hers.actor_id, hers.subject_id) == (Verb.SIGN_IN_FAILED, None, alice.pk)
    assert (nobodys.verb, nobodys.subject_id) == (Verb.SIGN_IN_FAILED, None)
    assert hers.data == nobodys.data == {"method": "password"}
    assert "nobody@" not in str(vars(nobodys))


def test_failures_fill_the_disk_no_faster_than_the_limit_allows(client, alice):
    for _ in range(8):
        sign_in(client, password="not-hers-2026")
    assert verbs() == [Verb.SIGN_IN_FAILED] * 5


def test_a_password_is_changed_with_its_event_or_not_at_all(client, alice, monkeypatch):
    sign_in(client)
    new = {"oldpassword": PASSWORD, "password1": "blue-river-27", "password2": "blue-river-27"}
    with monkeypatch.context() as patch:
        patch.setattr(Event, "record", broken)
        with pytest.raises(DatabaseError):
            client.post("/accounts/password/change/", new)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    client.post("/accounts/password/change/", new)
    assert Verb.PASSWORD_CHANGED in verbs(actor_id=alice.pk)


def broken(*args, **kwargs):
    raise DatabaseError


def test_a_reset_is_asked_for_by_a_visitor_and_done_by_the_owner(client, alice):
    client.post(RESET, {"email": alice.email})
    assert last() == (Verb.PASSWORD_RESET_ASKED, None, alice.pk, {})
    form = client.get(mailed_link(), follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "blue-river-27", "password2": "blue-river-27"})
    assert last() == (Verb.PASSWORD_RESET, alice.pk, None, {})


def test_addresses_added_confirmed_made_primary_and_removed(client, alice):
    sign_in(client)
    client.post("/accounts/email/", {"action_add": "", "email": "second@example.com"})
    client.post(CODE, {"code": mailed_code()})
    client.post("/accounts/email/", {"action_primary": "", "email": "second@example.com"})
    client.post("/accounts/email/", {"action_remove": "", "email": "alice@example.com"})
    events = Event.objects.filter(verb__startswith="account.email").order_by("id")
    assert [(event.verb, event.data["personal"]["email"]) for event in events] == [
        (Verb.EMAIL_ADDED, "second@example.com"),
        (Verb.EMAIL_CONFIRMED, "second@example.com"),
        (Verb.EMAIL_CHANGED, "second@example.com"),
        (Verb.EMAIL_REMOVED, "alice@example.com"),
    ]
    assert {event.actor_id for event in events} == {alice.pk}


@pytest.mark.parametrize("action", ["action_primary", "action_remove"])
def test_an_address_is_changed_with_its_event_or_not_at_all(action, client, alice, monkeypatch):
    sign_in(client)
    EmailAddress.objects.create(user=alice, email="second@example.com", verified=True)
    monkeypatch.setattr(Event, "record", broken)
    with pytest.raises(DatabaseError):
        client.post("/accounts/email/", {action: "", "email": "second@example.com"})
    addresses = EmailAddress.objects.values_list("email", "primary").order_by("id")
    assert list(addresses) == [("alice@example.com", True), ("second@example.com", False)]


def test_second_factors_and_accounts_elsewhere_come_and_go(alice):
    factor = Authenticator.objects.create(user=alice, type="totp", data={})
    codes = Authenticator.objects.create(user=alice, type="recovery_codes", data={})
    elsewhere = SocialAccount.objects.create(user=alice, provider="github", uid="1")
    for row in (factor, codes, elsewhere):
        row.save()  # used again: no event
        row.delete()
    assert verbs(subject_id=alice.pk) == [
        Verb.FACTOR_ADDED,
        Verb.RECOVERY_CODES_MADE,
        Verb.PROVIDER_CONNECTED,
        Verb.FACTOR_REMOVED,
        Verb.PROVIDER_REMOVED,
    ]
    types = Event.objects.filter(verb=Verb.FACTOR_REMOVED).values_list("data", flat=True)
    assert list(types) == [{"type": "totp"}]


def test_deleting_an_account_is_one_event_that_names_nobody(operator, olivia, alice):
    Authenticator.objects.create(user=alice, type="totp", data={})
    alices_id = alice.pk
    operator.post(url(User, "delete", alice.pk), {"post": "yes"})
    assert not User.objects.filter(pk=alices_id).exists()
    assert verbs() == [Verb.FACTOR_ADDED, Verb.ACCOUNT_DELETED]
    event = Event.objects.first()
    assert (event.actor_id, event.subject_id) == (olivia.pk, alices_id)
    assert (event.subject_label, event.ip) == ("", "127.0.0.1")


def test_what_the_admin_does_with_addresses_and_devices(operator, olivia, alice):
    new = {"user": alice.pk, "email": "second@example.com", "verified": "on"}
    operator.post(url(EmailAddress, "add"), new)
    address = EmailAddress.objects.get(email="second@example.com")
    operator.post(url(EmailAddress, "delete", address.pk), {"post": "yes"})
    device = Session.objects.create(user=alice, session_key="x", expire_date=timezone.now())
    operator.post(url(Session, "delete", device.pk), {"post": "yes"})
    operator.post(url(User, "change", alice.pk), {"name": "A", "role": "user", "is_active": "on"})
    assert verbs(actor_id=olivia.pk, subject_id=alice.pk) == [
        Verb.EMAIL_ADDED,
        Verb.EMAIL_CONFIRMED,
        Verb.EMAIL_REMOVED,
        Verb.SESSION_REVOKED,
        Verb.ACCOUNT_EDITED,
    ]
