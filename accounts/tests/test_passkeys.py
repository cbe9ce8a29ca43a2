"""Passkeys: as the only credential, as a second factor, and what they cannot be talked into."""

import json
import time

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.mfa import passkeys
from accounts.models import User
from accounts.signin.reauthentication import CONFIRMED_AT
from accounts.tests.factors import (
    AUTHENTICATE,
    PASSKEY_ADD,
    PASSKEY_LOGIN,
    Passkey,
    question_of,
    recovery_codes,
    same_browser,
    sign_in_by_passkey,
    url,
)
from accounts.tests.people import CODE, ERIN, PASSKEY_SIGNUP, is_signed_in, mailed_code, sign_in
from config.tests.at_once import at_once, side_by_side

PASSKEY_CREATE = "/accounts/2fa/webauthn/signup/"
PASSKEY_REAUTHENTICATE = "/accounts/2fa/webauthn/reauthenticate/"
TRUST = "/accounts/2fa/trust/"
ASKED = {"request_options": {"publicKey": {"challenge": "AAAA", "rpId": "localhost"}}}


@pytest.fixture
def client():
    return browser()


@pytest.fixture
def passkey(alice):
    """Alice's passkey."""
    return Passkey().added_to(alice)


def browser():
    """One at localhost: passkeys are bound to a host, which has https or is this one."""
    return Client(headers={"host": "localhost"})


def answer(client, page, passkey, **form):
    """Let the passkey answer what the page asks, and send that."""
    question = question_of(client.get(page))
    return client.post(page, {"credential": passkey.answer_to(question), **form})


# Signing up


def test_sign_up_with_a_passkey_as_the_only_credential(client, db):
    passkey = Passkey()
    client.post(PASSKEY_SIGNUP, {"name": ERIN["name"], "email": ERIN["email"]})
    client.post(CODE, {"code": mailed_code()})
    answer(client, PASSKEY_CREATE, passkey)
    assert is_signed_in(client)
    erin = User.objects.get(email=ERIN["email"])
    assert erin.name == ERIN["name"]
    assert not erin.has_usable_password()

    client.logout()
    sign_in_by_passkey(client, passkey)
    assert is_signed_in(client)


def test_no_passkey_is_made_before_the_address_is_confirmed(client, db):
    client.post(PASSKEY_SIGNUP, {"name": ERIN["name"], "email": ERIN["email"]})
    assert client.get(PASSKEY_CREATE).url == "/accounts/signup/"
    assert client.post(PASSKEY_CREATE, {}).url == "/accounts/signup/"


def test_who_is_deleted_before_their_passkey_is_made_signs_up_anew(client, db):
    client.post(PASSKEY_SIGNUP, {"name": ERIN["name"], "email": ERIN["email"]})
    client.post(CODE, {"code": mailed_code()})
    User.objects.get().delete()
    assert client.get(PASSKEY_CREATE).url == "/accounts/login/"
    assert client.post(PASSKEY_CREATE, {}).url == "/accounts/login/"


def test_sign_up_with_a_known_address_looks_like_any_other(client, alice, mailoutbox):
    response = client.post(PASSKEY_SIGNUP, {"name": "Mallory", "email": alice.email})
    assert response.url == CODE
    assert User.objects.count() == 1
    assert mailoutbox[0].to == [alice.email]


def test_sign_up_keeps_what_was_typed(client, db):
    page = client.post(PASSKEY_SIGNUP, {"name": "Erin", "email": "erin@"}).content.decode()
    assert 'value="Erin"' in page
    assert 'value="erin@"' in page
    assert 'type="password"' not in page


# Signing in


def test_passkey_signs_in_without_password_or_further_step(client, passkey):
    response = sign_in_by_passkey(client, passkey, next="/account/")
    assert response.url == "/account/"
    assert is_signed_in(client)


def test_a_key_that_verified_nobody_does_not_sign_in(client, alice):
    stolen = Passkey(verifies_user=False).added_to(alice)
    sign_in_by_passkey(client, stolen)
    assert not is_signed_in(client)


def test_the_question_of_a_second_step_does_not_open_the_door_to_less(client, alice, bob):
    """Bob, at his own second step, sends the answer of Alice's stolen key as a sign-in."""
    Passkey().added_to(bob)
    stolen = Passkey(verifies_user=False).added_to(alice)
    sign_in(client, bob.email)
    question = question_of(client.get(AUTHENTICATE))
    client.get("/accounts/signup/")  # which ends the sign-in, but not the question
    client.post(PASSKEY_LOGIN, {"credential": stolen.answer_to(question)})
    assert not is_signed_in(client)


def test_an_answer_is_good_for_one_question(client, passkey):
    asked = client.get(PASSKEY_LOGIN, headers={"accept": "application/json"}).json()
    said = passkey.answer_to(asked)
    client.post(PASSKEY_LOGIN, {"credential": said})
    assert is_signed_in(client)
    client.post("/accounts/logout/")
    client.get(PASSKEY_LOGIN, headers={"accept": "application/json"})
    client.post(PASSKEY_LOGIN, {"credential": said})
    assert not is_signed_in(client)


def test_an_answer_without_a_question_is_refused(client, passkey):
    asked = client.get(PASSKEY_LOGIN, headers={"accept": "application/json"}).json()
    other = browser()
    response = other.post(PASSKEY_LOGIN, {"credential": passkey.answer_to(asked)}, follow=True)
    assert "This passkey was not accepted." in response.content.decode()
    assert not is_signed_in(other)


@pytest.mark.parametrize(
    "origin", ["http://groundwork.example", "https://localhost.example", "http://evil.localhost"]
)
def test_an_answer_given_to_another_site_is_refused(client, passkey, origin):
    passkey.origin = origin
    sign_in_by_passkey(client, passkey)
    assert not is_signed_in(client)


def test_http_will_do_for_localhost_alone(passkey, settings):
    settings.ALLOWED_HOSTS = ["groundwork.example"]
    site = Client(headers={"host": "groundwork.example"})
    passkey.origin = "http://groundwork.example"
    sign_in_by_passkey(site, passkey)
    assert not is_signed_in(site)


def test_https_will_do_for_any_host(passkey, settings):
    settings.ALLOWED_HOSTS = ["groundwork.example"]
    site = Client(headers={"host": "groundwork.example:8443"})
    passkey.origin = "https://groundwork.example:8443"
    sign_in_by_passkey(site, passkey)
    assert is_signed_in(site)


def test_passkey_of_a_switched_off_account_does_not_sign_in(client, passkey, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    sign_in_by_passkey(client, passkey)
    assert not is_signed_in(client)


# As a second step


def test_passkey_is_a_second_step_after_the_password(client, passkey):
    assert sign_in(client).url == AUTHENTICATE
    assert answer(client, AUTHENTICATE, passkey).url == TRUST
    client.post(TRUST, {"action": "skip"})
    assert is_signed_in(client)


def test_passkey_of_somebody_else_is_no_second_step(client, passkey, bob):
    bobs = Passkey().added_to(bob)
    sign_in(client)
    page = answer(client, AUTHENTICATE, bobs)
    assert page.status_code == 200
    assert "This passkey was not accepted." in page.content.decode()


def test_passkey_confirms_a_change(client, passkey, alice):
    client.force_login(alice)
    session = client.session
    session[CONFIRMED_AT] = time.time() - 11 * 60
    session.save()
    assert client.get(PASSKEY_ADD).status_code == 302
    answer(client, PASSKEY_REAUTHENTICATE, passkey)
    assert client.get(PASSKEY_ADD).status_code == 200


def test_wrong_passkeys_are_counted_with_wrong_codes(client, passkey, bob, alice):
    bobs = Passkey().added_to(bob)
    sign_in(client)
    for _ in range(10):
        client.post(AUTHENTICATE, {"credential": bobs.answer_to(ASKED)})
    client.defaults["REMOTE_ADDR"] = "10.0.0.1"
    assert answer(client, AUTHENTICATE, passkey).status_code == 429
    assert client.post(AUTHENTICATE, {"code": recovery_codes(alice)[0]}).status_code == 429


# Adding, renaming, removing


def test_adding_a_passkey_is_told_and_brings_recovery_codes(client, alice, mailoutbox):
    client.force_login(alice)
    response = answer(client, PASSKEY_ADD, Passkey(), name="Phone", passwordless="on")
    assert response.url == url("view_recovery_codes")
    assert [mail.subject for mail in mailoutbox] == ["A passkey was added to your account"]
    assert "Phone" in client.get(url("index")).content.decode()


def test_a_key_that_verified_nobody_is_not_added(client, alice):
    client.force_login(alice)
    page = answer(client, PASSKEY_ADD, Passkey(verifies_user=False), name="Phone")
    assert "This passkey was not accepted." in page.content.decode()
    assert 'value="Phone"' in page.content.decode()
    assert not Authenticator.objects.exists()


def test_a_key_without_a_name_gets_one(client, alice):
    client.force_login(alice)
    for _ in range(2):
        answer(client, PASSKEY_ADD, Passkey(), name="")
    keys = Authenticator.objects.filter(type="webauthn").order_by("pk")
    assert [key.wrap().name for key in keys] == ["Passkey", "Passkey 2"]


def test_of_what_a_browser_sends_only_what_is_needed_is_kept(client, alice):
    client.force_login(alice)
    passkey = Passkey()
    said = json.loads(passkey.answer_to(question_of(client.get(PASSKEY_ADD))))
    said["surplus"] = said["clientExtensionResults"]["surplus"] = "\0" * 10
    client.post(PASSKEY_ADD, {"credential": json.dumps(said), "name": "Phone"})
    kept = Authenticator.objects.get(type="webauthn").data["credential"]
    assert set(kept) == {"id", "rawId", "type", "response", "clientExtensionResults"}
    assert kept["clientExtensionResults"] == {"credProps": {"rk": True}}


def test_a_key_that_can_sign_nothing_is_not_added(client, alice, monkeypatch):
    client.force_login(alice)
    passkey = Passkey()
    passkey.public_key = passkey.public_key | {-3: b"short"}
    page = answer(client, PASSKEY_ADD, passkey, name="Phone")
    assert "This passkey was not accepted." in page.content.decode()
    assert not Authenticator.objects.exists()


def test_renaming(client, passkey, alice, bob):
    key = Authenticator.objects.get(user=alice)
    client.force_login(bob)
    assert client.post(url("edit_webauthn", pk=key.pk), {"name": "Mine"}).status_code == 404
    client.force_login(alice)
    client.post(url("edit_webauthn", pk=key.pk), {"name": "Blue key"})
    assert "Blue key" in client.get(url("list_webauthn")).content.decode()


def test_removing_is_told_and_takes_the_recovery_codes_along(client, alice, mailoutbox):
    client.force_login(alice)
    answer(client, PASSKEY_ADD, Passkey(), name="Phone")
    key = Authenticator.objects.get(type="webauthn")
    client.post(url("remove_webauthn", pk=key.pk))
    assert not Authenticator.objects.exists()
    assert mailoutbox[-1].subject == "A passkey was removed from your account"


def test_nobody_removes_the_passkey_of_somebody_else(client, passkey, alice, bob):
    key = Authenticator.objects.get(user=alice)
    client.force_login(bob)
    assert client.post(url("remove_webauthn", pk=key.pk)).status_code == 404
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_the_only_way_to_sign_in_is_not_removed(client, passkey, alice):
    User.objects.filter(pk=alice.pk).update(password="!")
    second = Passkey(discoverable=False).added_to(alice)  # asks for an email first
    client.force_login(User.objects.get(pk=alice.pk))
    key = Authenticator.objects.get(data__credential__id=passkey.name)
    page = client.post(url("remove_webauthn", pk=key.pk), follow=True).content.decode()
    assert "is the only way to sign in to your account" in page
    assert Authenticator.objects.filter(pk=key.pk).exists()

    key = Authenticator.objects.get(data__credential__id=second.name)
    client.post(url("remove_webauthn", pk=key.pk))
    assert not Authenticator.objects.filter(pk=key.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_passkeys_removed_at_the_same_moment_one_stays(client, passkey, alice, monkeypatch):
    monkeypatch.setattr(passkeys, "is_only_way_in", side_by_side(passkeys.is_only_way_in))
    Passkey().added_to(alice)
    User.objects.filter(pk=alice.pk).update(password="!")
    client.force_login(User.objects.get(pk=alice.pk))
    keys = list(Authenticator.objects.filter(type="webauthn").values_list("pk", flat=True))
    both = [lambda pk=pk: same_browser(client).post(url("remove_webauthn", pk=pk)) for pk in keys]
    assert {response.status_code for response in at_once(*both)} == {302}
    assert Authenticator.objects.filter(type="webauthn").count() == 1


# Bad input

RUBBISH = [
    "",
    "null",
    "[]",
    "1e400",
    '"text"',
    "{}",
    '{"response": 5}',
    '{"rawId": "é", "response": {}}',
    '{"id": "a", "rawId": "b", "response": {"clientDataJSON": "", "attestationObject": ""}}',
    '{"rawId": "AAAA", "response": {"clientDataJSON": "bnVsbA", "userHandle": "AAAA"}}',
    "[" * 100_000,
]


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_what_no_browser_would_send_is_refused_in_words(client, passkey, bob, rubbish):
    client.get(PASSKEY_LOGIN, headers={"accept": "application/json"})
    response = client.post(PASSKEY_LOGIN, {"credential": rubbish}, follow=True)
    assert "This passkey was not accepted." in response.content.decode()

    sign_in(client)
    response = client.post(AUTHENTICATE, {"credential": rubbish})
    assert "This passkey was not accepted." in response.content.decode()

    client.force_login(bob)
    client.get(PASSKEY_ADD)
    response = client.post(PASSKEY_ADD, {"credential": rubbish, "name": "Phone"})
    assert "This passkey was not accepted." in response.content.decode()
    assert "Phone" in response.content.decode()
