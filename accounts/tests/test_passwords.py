"""Passwords: 8 to 128 characters of any kind, kept as Argon2id at the cost OWASP asks for."""

import pytest
from argon2 import PasswordHasher as Argon2
from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hashers, make_password

from accounts.models import User
from accounts.tests.people import (
    CODE,
    RESET,
    is_signed_in,
    mailed_code,
    mailed_link,
    sign_in,
    sign_up,
)
from config.cast import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def argon2(settings):
    """The hashers of every environment but this one."""
    settings.PASSWORD_HASHERS = [
        "accounts.signin.passwords.Argon2PasswordHasher",
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


@pytest.mark.usefixtures("argon2")
@pytest.mark.parametrize(
    "weaker",
    [
        lambda: PBKDF2PasswordHasher().encode("green-field-2026", "salt", 1),
        lambda: Argon2(time_cost=1, memory_cost=8, parallelism=1).hash("green-field-2026"),
    ],
    ids=["PBKDF2", "weaker Argon2"],
)
def test_an_old_hash_is_renewed_once_however_many_sign_in_at_once(alice, weaker):
    old = weaker()
    User.objects.update(password=old if old.startswith("pbkdf2") else f"argon2{old}")
    first, second = User.objects.get(), User.objects.get()
    assert first.check_password("green-field-2026")
    assert second.check_password("green-field-2026")
    alice.refresh_from_db()
    assert first.password == second.password == alice.password
    assert alice.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.usefixtures("argon2")
def test_renewing_a_hash_never_brings_an_old_password_back(alice):
    User.objects.update(password=PBKDF2PasswordHasher().encode("green-field-2026", "salt", 1))
    late = User.objects.get()
    alice.set_password("blue-river-2027")
    alice.save()
    assert not late.check_password("green-field-2026")
    assert User.objects.get().check_password("blue-river-2027")


@pytest.mark.usefixtures("argon2")
def test_a_password_of_somebody_who_was_deleted_meanwhile_is_wrong(alice):
    User.objects.update(password=PBKDF2PasswordHasher().encode("green-field-2026", "salt", 1))
    late = User.objects.get()
    User.objects.all().delete()
    assert not late.check_password("green-field-2026")


@pytest.mark.parametrize(
    "password",
    [
        " leading and trailing ",
        "pässwörter 🦊",
        "' OR 1=1 --",
        "tab\tand\nline",
        "x1" * 64,
        "🦊" * 128,
    ],
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
        ("Erin-Example", "too similar"),
        ("password", "too common"),
        ("green\0field", "Null characters"),
    ],
    ids=["short", "long", "huge", "email", "name", "common", "nul"],
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


NEW = {
    "change": ("/accounts/password/change/", {"oldpassword": PASSWORD}),
    "set": ("/accounts/password/set/", {}),
    "reset": (None, {}),
}


@pytest.fixture(params=NEW)
def new_password(request, client, alice):
    """A function that gives Alice a new password in one of the ways there are, and its answer."""
    url, form = NEW[request.param]
    if request.param == "set":
        alice.set_unusable_password()
        alice.save()
    if url:
        client.force_login(alice)
        client.session.save()
    else:
        client.post(RESET, {"email": alice.email})
        url = client.get(mailed_link()).headers["Location"]
    return lambda password: client.post(url, form | {"password1": password, "password2": password})


@pytest.mark.parametrize("password", ["alice@example.com", "Alice Example", "password", "x" * 129])
def test_a_new_password_is_judged_as_the_first_was(new_password, alice, password):
    assert new_password(password).context["form"].errors["password1"]
    alice.refresh_from_db()
    assert not alice.check_password(password)


@pytest.mark.parametrize("password", [" green field ", "cafe\u0301 au lait", "caf\u00e9 au lait"])
def test_a_new_password_is_kept_as_it_was_typed(new_password, alice, password):
    assert new_password(password).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(password)


def test_a_confirmation_takes_the_password_as_it_was_typed(client, alice):
    alice.set_password(" green field ")
    alice.save()
    client.force_login(alice)
    form = {"password": "green field"}
    assert client.post("/accounts/reauthenticate/", form).status_code == 200
    assert (
        client.post("/accounts/reauthenticate/", {"password": " green field "}).status_code == 302
    )
