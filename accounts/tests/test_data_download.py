"""Everything that is kept about a person, in one file that they take along."""

import base64
import json
import re

import pytest
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test import Client
from django.test.utils import isolate_apps

from accounts import own_data
from accounts.models import Event, Session, User
from accounts.verbs import Verb
from orgs.roles import Role
from waitlist.models import Entry

pytestmark = pytest.mark.django_db

PAGE = "/account/data/download/"


@pytest.fixture
def alice_signed_in(client, alice):
    client.force_login(alice)
    return client


def downloaded(client):
    return json.loads(client.post(PAGE).getvalue())


def test_the_file_is_a_download_of_who_asks(alice_signed_in, bob):
    response = alice_signed_in.post(PAGE)
    assert response.headers["Content-Type"] == "application/json"
    assert re.fullmatch(
        r'attachment; filename="[a-z-]+-\d{4}-\d\d-\d\d\.json"',
        response.headers["Content-Disposition"],
    )
    assert "no-store" in response.headers["Cache-Control"]
    text = response.getvalue().decode()
    assert json.loads(text)["you"]["email"] == "alice@example.com"
    assert "bob" not in text


def test_it_takes_a_post_and_a_fresh_sign_in(alice_signed_in):
    assert alice_signed_in.get(PAGE).status_code == 405
    assert Client().post(PAGE).headers["Location"].startswith("/accounts/login/")
    session = alice_signed_in.session
    session["confirmed_at"] = 0
    session.save()
    response = alice_signed_in.post(PAGE)
    assert response.headers["Location"].startswith("/accounts/reauthenticate/")


def test_rows_of_every_kind_are_in_it(alice_signed_in, acme, birch, alice, bob):
    alice.change_avatar(b"picture")
    EmailAddress.objects.create(user=alice, email="second@example.com", verified=True)
    Entry.join("second@example.com", {"utm_source": "fair"})
    acme.invite("erin@example.com", Role.MEMBER, by=acme.owner.organization_user)
    birch.invite("second@example.com", Role.ADMIN, by=birch.owner.organization_user)
    provider = SocialApp.objects.create(provider="github", name="GitHub", secret="SECRET")
    account = SocialAccount.objects.create(
        user=alice, provider="github", uid="1", extra_data={"login": "alice"}
    )
    SocialToken.objects.create(app=provider, account=account, token="SECRET", token_secret="SECRET")
    Authenticator.objects.create(user=alice, type="totp", data={"secret": "SECRET"})
    address = alice.emailaddress_set.get(primary=True)
    EmailConfirmation.objects.create(email_address=address, key="SECRET")
    content_type = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(user=alice, content_type=content_type, object_repr="x", action_flag=1)

    text = alice_signed_in.post(PAGE).getvalue().decode()
    assert "SECRET" not in text
    file = json.loads(text)
    assert (file["you"]["name"], file["you"]["email_verified"]) == ("Alice Example", True)
    assert base64.b64decode(file["you"]["picture (WebP, base64)"]) == b"picture"
    [session] = file["accounts sessions"]
    assert session["user"] == "you"
    assert {row["email"] for row in file["account email addresses"]} == {
        "alice@example.com",
        "second@example.com",
    }
    roles = {(row["organization"], row["role"]) for row in file["orgs memberships"]}
    assert roles == {("Acme", "owner"), ("Birch", "member")}
    assert [row["organization"] for row in file["orgs ownerships"]] == ["Acme"]
    sent, received = file["orgs invitations"]
    assert (sent["email"], sent["invited_by"]) == ("erin@example.com", "you")
    assert (received["email"], received["invited_by"]) == ("second@example.com", "Charlie Example")
    [waiting] = file["waitlist entries"]
    assert (waiting["email"], waiting["source"]) == ("second@example.com", {"utm_source": "fair"})
    assert [row["extra_data"] for row in file["socialaccount social accounts"]] == [
        {"login": "alice"}
    ]
    assert [row["app"] for row in file["socialaccount social application tokens"]] == ["GitHub"]
    assert [row["type"] for row in file["mfa authenticators"]] == ["totp"]
    assert {"account email confirmations", "admin log entries"} <= file.keys()


def test_neither_password_nor_session_is_in_it(alice_signed_in, alice):
    text = alice_signed_in.post(PAGE).getvalue().decode()
    session = Session.objects.get(user=alice)
    for secret in (alice.password, session.session_key, session.session_data):
        assert secret not in text


# Whoever adds a field to a table about people decides here whether its name alone looks secret.
SUSPICIOUS = re.compile(
    "pass|secret|token|hash|key|code|otp|seed|salt|nonce|credential|private|data|signature|pin"
)
LOOKED_AT = {"socialaccount.SocialAccount.extra_data", "waitlist.Entry.source"}


def test_no_field_that_looks_secret_is_told():
    told = {
        f"{model._meta.label}.{field.name}"
        for model in [User, *own_data.tables()]
        for field in own_data.shown(model)
        if SUSPICIOUS.search(field.name) or isinstance(field, own_data.OPAQUE)
    }
    assert told == LOOKED_AT


def test_every_table_that_leads_to_people_is_in_it():
    tables = {model._meta.label for model in own_data.tables()}
    for model in apps.get_models(include_auto_created=True):
        if any(field.related_model == User for field in model._meta.concrete_fields):
            assert model._meta.label in tables | {"accounts.User"}


@isolate_apps("accounts")
def test_a_table_of_tomorrow_is_in_it_by_itself():
    class Diary(models.Model):  # noqa: DJ008
        writer = models.ForeignKey(User, models.CASCADE, related_name="+")
        text = models.TextField()
        api_key = models.TextField()
        sealed = models.JSONField()

    class Page(models.Model):  # noqa: DJ008
        diary = models.ForeignKey(Diary, models.CASCADE)

    class Shelf(models.Model):  # noqa: DJ008
        founder = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Book(models.Model):  # noqa: DJ008
        shelf = models.ForeignKey(Shelf, models.CASCADE)

    class Subscription(models.Model):  # noqa: DJ008
        address = models.EmailField()

    tables = own_data.tables(Diary._meta.apps)
    assert tables == {
        Diary: ["writer"],
        Page: ["diary__writer"],
        Shelf: ["founder"],  # mentions its founder, and Book is not theirs
        Subscription: ["address__in"],
    }
    assert [field.name for field in own_data.shown(Diary)] == ["id", "writer", "text"]


def test_an_address_that_is_not_confirmed_opens_nothing(alice_signed_in, acme, alice):
    EmailAddress.objects.create(user=alice, email="erin@example.com", verified=False)
    Entry.join("erin@example.com")
    assert "waitlist entries" not in downloaded(alice_signed_in)


def test_the_address_of_somebody_elses_account_opens_nothing(alice_signed_in, alice, bob):
    EmailAddress.objects.create(user=bob, email="alice@example.com", verified=False)
    [address] = downloaded(alice_signed_in)["account email addresses"]
    assert address["user"] == "you"


def test_other_people_are_names_and_no_more(alice_signed_in, alice, bob, olivia):
    User.objects.filter(pk=alice.pk).update(banned_by=olivia)
    end = "2099-01-01T00:00Z"
    Session.objects.create(
        session_key="1",
        expire_date=end,
        user=alice,
        impersonated_by=olivia,
        parent=Session.objects.create(session_key="2", expire_date=end, user=olivia),
        ip="192.0.2.7",
    )
    Event.objects.create(
        verb=Verb.SIGNED_IN, actor_id=alice.pk, impersonator_id=olivia.pk, ip="192.0.2.7"
    )
    text = alice_signed_in.post(PAGE).getvalue().decode()
    assert "olivia" not in text.lower()
    assert str(olivia.pk) not in text
    assert "192.0.2.7" not in text


def test_events_tell_who_did_what(alice_signed_in, alice, bob):
    Event.objects.create(verb=Verb.SIGNED_IN, actor_id=alice.pk, ip="192.0.2.1")
    Event.objects.create(
        verb=Verb.BANNED, actor_id=bob.pk, subject_id=alice.pk, ip="192.0.2.2", data={"reason": "x"}
    )
    Event.objects.create(verb=Verb.SIGNED_IN, actor_id=bob.pk)
    Event.objects.create(verb=Verb.EMAIL_ADDED, actor_id=alice.pk)
    mine, theirs, own = [
        event for event in downloaded(alice_signed_in)["events"] if event["ip"] != "127.0.0.1"
    ]
    assert (mine["by"], mine["what"], mine["ip"]) == ("you", "signed in", "192.0.2.1")
    assert (theirs["by"], theirs["what"], theirs["about"]) == ("somebody else", "banned", "you")
    assert own["what"] == "added an email address"
    assert (theirs["ip"], theirs["more"]) == (None, {"reason": "x"})


def test_many_rows_take_no_more_statements(alice_signed_in, acme, alice, django_assert_num_queries):
    def make(numbers):
        Event.objects.bulk_create(Event(verb=Verb.SIGNED_IN, actor_id=alice.pk) for _ in numbers)
        for number in numbers:
            acme.invite(f"{number}@example.com", Role.MEMBER, by=acme.owner.organization_user)

    make(range(1))
    statements = 4 + len(own_data.tables())  # session, person, picture, events, and each table
    with django_assert_num_queries(statements):
        downloaded(alice_signed_in)
    make(range(1, 9))
    with django_assert_num_queries(statements):
        assert len(downloaded(alice_signed_in)["orgs invitations"]) == 9
