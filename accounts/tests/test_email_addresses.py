"""A person's addresses: added and confirmed by code, one of them primary."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.tests.people import CODE, mailed_code, sign_in, sign_up

pytestmark = pytest.mark.django_db

EMAIL = "/accounts/email/"


@pytest.fixture
def signed_in(client, alice):
    sign_in(client)
    return client


def add(client, email):
    return client.post(EMAIL, {"action_add": "", "email": email})


def addresses(user):
    return {
        (address.email, address.verified, address.primary)
        for address in EmailAddress.objects.filter(user=user)
    }


def test_a_code_adds_an_address(signed_in, alice):
    assert add(signed_in, " Alice@Work.example").headers["Location"] == CODE
    assert addresses(alice) == {("alice@example.com", True, True)}
    assert mail.outbox[-1].to == ["alice@work.example"]
    confirmed = signed_in.post(CODE, {"code": mailed_code()})
    assert confirmed.headers["Location"] == EMAIL
    assert addresses(alice) == {
        ("alice@example.com", True, True),
        ("alice@work.example", True, False),
    }


def test_another_primary_address_becomes_the_accounts(signed_in, alice):
    EmailAddress.objects.create(user=alice, email="alice@work.example", verified=True)
    signed_in.post(EMAIL, {"action_primary": "", "email": "alice@work.example"})
    alice.refresh_from_db()
    assert alice.email == "alice@work.example"
    assert ("alice@work.example", True, True) in addresses(alice)
    assert mail.outbox[-1].to == ["alice@example.com"]
    assert mail.outbox[-1].subject == "Your email address was changed"
    sign_in(other := Client(), "alice@work.example")
    assert other.get("/account/").status_code == 200


def test_an_address_can_be_removed_but_not_the_primary_one(signed_in, alice):
    EmailAddress.objects.create(user=alice, email="alice@work.example", verified=True)
    signed_in.post(EMAIL, {"action_remove": "", "email": "alice@example.com"})
    assert len(addresses(alice)) == 2
    signed_in.post(EMAIL, {"action_remove": "", "email": "alice@work.example"})
    assert addresses(alice) == {("alice@example.com", True, True)}


def test_the_address_of_somebody_else_is_neither_added_nor_given_away(signed_in, alice, bob):
    assert add(signed_in, "bob@example.com").headers["Location"] == CODE
    signed_in.post(CODE, {"code": mailed_code()})
    assert addresses(alice) == {("alice@example.com", True, True)}
    assert addresses(bob) == {("bob@example.com", True, True)}


def test_who_proves_the_mailbox_of_another_account_reads_how_to_free_the_address(signed_in, alice):
    sign_up(Client(), email="alice@work.example")
    add(signed_in, "alice@work.example")
    answer = signed_in.post(CODE, {"code": mailed_code()})
    assert "Sign in to that account with a code by email and delete it" in answer.text
    assert addresses(alice) == {("alice@example.com", True, True)}


def test_of_two_people_with_a_code_for_one_address_the_first_gets_it(signed_in, alice, bob):
    add(signed_in, "shared@example.com")
    alices = mailed_code()
    cache.clear()
    sign_in(client := Client(), "bob@example.com")
    add(client, "shared@example.com")
    client.post(CODE, {"code": mailed_code()})
    response = signed_in.post(CODE, {"code": alices})
    assert response.status_code == 200
    assert EmailAddress.objects.get(email="shared@example.com").user == bob


def test_an_address_confirmed_in_the_same_moment_by_another_is_no_error(
    signed_in, alice, bob, monkeypatch
):
    add(signed_in, "shared@example.com")
    EmailAddress.objects.create(user=bob, email="shared@example.com", verified=True)
    # As if the other confirmation came after every check and before the write.
    monkeypatch.setattr("allauth.account.forms.email_already_exists", lambda **kwargs: None)
    monkeypatch.setattr(EmailAddress, "can_set_verified", lambda self: True)
    response = signed_in.post(CODE, {"code": mailed_code()}, follow=True)
    assert "another account has it" in response.text
    assert addresses(alice) == {("alice@example.com", True, True)}


@pytest.mark.parametrize("email", ["", "x", "a\0@b.example", "x" * 1_000_000])
def test_a_bad_address_is_refused(signed_in, alice, email):
    response = add(signed_in, email)
    assert response.status_code == 200
    assert "email" in response.context["form"].errors
    for action in ("action_primary", "action_remove", "action_send"):
        assert signed_in.post(EMAIL, {action: "", "email": email}).status_code == 302


def test_an_account_has_at_most_ten_addresses(signed_in, alice):
    for number in range(9):
        EmailAddress.objects.create(user=alice, email=f"a{number}@example.com", verified=True)
    assert "email" in add(signed_in, "a10@example.com").context["form"].errors
    assert User.objects.count() == 1
