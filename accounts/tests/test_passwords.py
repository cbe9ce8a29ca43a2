"""Passwords: 8 to 128 characters of any kind, kept as Argon2id at the cost OWASP asks for."""

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hashers, make_password

from accounts.models import User
from accounts.tests.people import CODE, is_signed_in, mailed_code, sign_in, sign_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def argon2(settings):
    """The hashers of every environment but this one."""
    settings.PASSWORD_HASHERS = [
        "accounts.passwords.Argon2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]


@pytest.mark.usefixtures("argon2")
def test_a_password_is_kept_as_argon2id_at_the_cost_owasp_asks_for():
    encoded = make_password("green-field-2026")
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.usefixtures("argon2")
def test_an_old_hash_is_renewed_at_the_next_sign_in(client, alice):
    User.objects.update(password=PBKDF2PasswordHasher().encode("green-field-2026", "salt", 1))
    sign_in(client)
    assert is_signed_in(client)
    alice.refresh_from_db()
    assert alice.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    "password",
    [" leading and trailing ", "pässwörter 🦊", "' OR 1=1 --", "tab\tand\nline", "x1" * 64],
)
def test_any_character_counts_and_none_is_stripped(client, password):
    sign_up(client, password1=password)
    client.post(CODE, {"code": mailed_code()})
    client.post("/accounts/logout/")
    sign_in(
        client, "erin@example.com", password.strip() + ("!" if password.strip() == password else "")
    )
    assert not is_signed_in(client)
    sign_in(client, "erin@example.com", password)
    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("x1y2z3!", "too short"),
        ("x1" * 64 + "!", "Use at most 128 characters"),
        ("x" * 1_000_000, "Use at most 128 characters"),
        ("erin@example.com", "too similar"),
        ("password", "too common"),
        ("green\0field", "Null characters"),
    ],
    ids=["short", "long", "huge", "similar", "common", "nul"],
)
def test_a_bad_password_is_refused_with_the_reason(client, password, problem):
    response = sign_up(client, password1=password)
    assert problem in str(response.context["form"].errors["password1"])
    assert not User.objects.exists()


@pytest.fixture
def hashed(monkeypatch):
    """The passwords that were hashed since the test began."""
    hashed = []
    monkeypatch.setattr(get_hashers()[0], "encode", lambda password, salt: hashed.append(password))
    return hashed


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_nothing_too_long_is_ever_hashed(client, alice, hashed, email):
    response = sign_in(client, email, "x" * 1_000_000)
    assert response.context["form"].non_field_errors()
    assert hashed == []


def test_the_old_password_is_bounded_too(client, alice, hashed):
    client.force_login(alice)
    form = {"oldpassword": "x" * 1_000_000, "password1": "blue-river-2027"}
    response = client.post("/accounts/password/change/", form | {"password2": form["password1"]})
    assert response.context["form"].errors.keys() == {"oldpassword"}
    assert hashed == []
