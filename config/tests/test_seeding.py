"""The demo people: made as the site makes people, and only once."""

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.models import User
from config import cast, seeding
from orgs.models import Invitation, Membership, Organization
from waitlist.models import Entry
from waitlist.states import standing

MEMBERS = {
    ("Alice Example", "Acme", "owner"),
    ("Bob Example", "Acme", "admin"),
    ("Dora Example", "Acme", "member"),
    ("Frank Example", "Acme", "member"),
    ("Grace Example", "Acme", "owner"),
    ("Charlie Example", "Birch", "owner"),
    ("Alice Example", "Birch", "member"),
}
STATES = {
    "frank@example.com": "joined",
    "hana@example.com": "expired",
    "ivan@example.com": "unsubscribed",
    "judy@example.com": "invited",
    "karim@example.com": "waiting",
    "lena@example.com": "waiting",
    "mateo@example.com": "waiting",
    "nora@example.com": "waiting",
}


def members():
    return set(Membership.objects.values_list("user__name", "organization__name", "role"))


def states():
    return dict(Entry.objects.annotate(state=standing()).values_list("email", "state"))


def test_the_seed_fills_an_empty_database(db):
    seeding.seed()
    assert members() == MEMBERS
    assert states() == STATES
    assert mail.outbox[0].to == ["erin@example.com"]
    assert Invitation.objects.get().mail.delivered


def test_the_demo_people_sign_in_with_the_password_that_is_printed(db, client):
    seeding.seed()
    form = {"login": "alice@example.com", "password": cast.PASSWORD}
    assert client.post("/accounts/login/", form).url == "/organizations/last/"


def everything():
    """Each row of each table of the models, as text."""
    rows = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.managed:
                cursor.execute(f'SELECT t::text FROM "{model._meta.db_table}" t')
                rows[model._meta.db_table] = sorted(row for (row,) in cursor)
    return rows


def test_to_seed_again_changes_nothing(db):
    seeding.seed()
    alice = User.objects.get(email="alice@example.com")
    alice.set_password("another-password-of-hers")
    alice.save()
    Membership.objects.filter(user__name="Dora Example").update(role="admin")
    seeded = everything()
    assert len(seeded["accounts_user"]) == len(cast.PEOPLE)

    seeding.seed()

    assert everything() == seeded


def test_to_seed_makes_what_is_missing(db):
    seeding.seed()
    EmailAddress.objects.filter(email="bob@example.com").delete()  # who began to sign up
    User.objects.get(email="frank@example.com").delete()
    Membership.objects.get(user__email="dora@example.com").delete()
    Organization.objects.get(slug="birch").delete()
    Invitation.objects.all().delete()
    Entry.objects.exclude(email__startswith="k").delete()

    seeding.seed()

    assert members() == MEMBERS
    assert states() == STATES
    garden = Organization.objects.get(slug="acme").teams.get()
    assert {(m.membership.user.name, m.role) for m in garden.team_memberships.all()} == {
        ("Frank Example", "lead"),
        ("Dora Example", "member"),
    }
    assert EmailAddress.objects.get(email="bob@example.com").verified


def test_somebody_elses_organization_of_the_same_address_is_left_alone(db):
    zoe = cast.person("zoe")
    theirs = Organization.create(name="Acme & Sons", slug="acme", by=zoe)
    seeding.seed()
    assert theirs.memberships.get().user == zoe
    assert not theirs.invitations.exists()


def test_who_is_seeded_is_as_whoever_signs_up_on_the_site(db, client, settings):
    settings.PASSWORD_HASHERS = ["accounts.signin.passwords.Argon2PasswordHasher"]
    form = {"name": "Zoe Example", "email": "zoe@example.com", "password1": cast.PASSWORD}
    client.post("/accounts/signup/", form)
    seeding.sign_up("alice")
    zoe, alice = User.objects.order_by("-email")
    for person in (zoe, alice):
        assert person.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert alice.check_password(cast.PASSWORD)


def test_the_tests_own_people_are_as_those_who_sign_up(db):
    fixture, signed_up = cast.person("alice"), seeding.sign_up("bob")
    differ = {"id", "email", "name", "password", "created"}
    fields = {field.attname for field in User._meta.concrete_fields} - differ
    assert {name: getattr(fixture, name) for name in fields} == {
        name: getattr(signed_up, name) for name in fields
    }
    addresses = EmailAddress.objects.values_list("verified", "primary")
    assert list(addresses) == [(True, True)] * 2


def test_the_allow_list_gives_the_demo_people_nothing(db, settings):
    settings.PLATFORM_ROLES = {"example.com": "staff"}
    seeding.seed()
    assert [user.name for user in User.objects.exclude(role="user")] == ["Olivia Example"]


def test_who_cannot_sign_up_is_said(db, monkeypatch):
    monkeypatch.setattr(seeding, "PASSWORD", "short")
    with pytest.raises(ValidationError, match=r"alice@example\.com cannot sign up"):
        seeding.seed()
    assert not Entry.objects.exists()
