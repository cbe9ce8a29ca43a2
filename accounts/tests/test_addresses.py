"""Only an address that a mail can carry is taken: what cannot be sent to must not fail later."""

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from accounts.addresses import normalize, validate_address
from accounts.models import User
from accounts.tests.people import RESET, sign_up

UNREACHABLE = {
    "a control character in quotes": '"e\x01rin"@example.com',
    "a tab of its own kind in quotes": '"e\x0brin"@example.com',
    "an encoded word": "=?utf-8?q?erin?=@example.com",
    "a domain too long in ASCII": f"erin@{'ü' * 60}.example",
    "a domain of two directions": "erin@\u05d01.example",
    "brackets in quotes": '"[erin]"@example.com',
    "needless backslashes": '"\\erin"@example.com',
    "a domain that IDNA makes another's": "erin@straße.example",
    "a line separator": "erin@ex\u4674\u2029mple.example",
}


@pytest.mark.parametrize("email", UNREACHABLE.values(), ids=UNREACHABLE.keys())
@pytest.mark.django_db
def test_an_address_that_no_mail_can_carry_is_refused_before_anything_is_kept(client, email):
    assert "email" in sign_up(client, email=email).context["form"].errors
    assert "email" in client.post(RESET, {"email": email}).context["form"].errors
    assert not User.objects.exists()
    assert not mail.outbox


@pytest.mark.parametrize(
    "email",
    [
        "erin@example.com",
        "o'brien+x@example.com",
        '"erin..e"@example.com',
        "erin@bücher.example",
        "erin@xn--bcher-kva.example",
    ],
)
def test_an_unusual_address_that_a_mail_can_carry_is_taken(email):
    validate_address(email)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" Erin@BÜCHER.example ", "erin@xn--bcher-kva.example"),
        ("erin@xn--bcher-kva.example", "erin@xn--bcher-kva.example"),
        ("erin@bücher.example", "erin@xn--bcher-kva.example"),  # the ü of two characters
        ("bücher.example", "xn--bcher-kva.example"),  # as PLATFORM_ROLES may have it
        ("erin@straße.example", "erin@straße.example"),  # which nobody may take
        ("erin@a..b", "erin@a..b"),
        ("erin", "erin"),
        ("", ""),
    ],
)
def test_one_mailbox_is_stored_in_one_spelling(typed, stored):
    assert normalize(typed) == stored


@pytest.mark.django_db
def test_the_two_spellings_of_a_domain_are_one_account(client):
    sign_up(client, email="erin@bücher.example")
    sign_up(client, email="erin@XN--bcher-kva.example")
    assert User.objects.get().email == "erin@xn--bcher-kva.example"


def test_what_is_no_address_at_all_is_said_once():
    with pytest.raises(ValidationError, match="Enter a valid email address") as refusal:
        validate_address("erin")
    assert len(refusal.value.messages) == 1
