"""First run: /setup/ and its API make the platform's first owner, and nobody after that."""

import json
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.test import Client

from accounts import setup
from accounts.models import Event, SetupToken, User
from accounts.tests.people import is_signed_in, sign_in
from accounts.verbs import Verb
from config.cast import PASSWORD
from config.tests.at_once import at_once

pytestmark = pytest.mark.django_db

PAGE, API = "/setup/", "/api/setup/first-run"
OLGA = {"name": "Olga Example", "email": "Olga@Example.com", "password": PASSWORD}


def by_page(client, **form):
    return client.post(PAGE, OLGA | form)


def by_api(client, **data):
    return client.post(API, json.dumps(OLGA | data), content_type="application/json")


both_ways = pytest.mark.parametrize("by", [by_page, by_api])


@both_ways
def test_the_token_makes_one_owner_with_a_confirmed_address(client, by):
    by(client, token=setup.new_token())
    owner = User.objects.get()
    assert (owner.email, owner.name, owner.role) == ("olga@example.com", "Olga Example", "owner")
    address = EmailAddress.objects.get(user=owner)
    assert (address.email, address.verified, address.primary) == (owner.email, True, True)
    assert Event.objects.get(verb=Verb.ROLE_CHANGED).subject_id == owner.pk
    sign_in(visitor := Client(), owner.email)
    assert is_signed_in(visitor)


def test_the_page_signs_in_and_leads_to_the_admin(client):
    response = by_page(client, token=setup.new_token())
    assert response.headers["Location"] == "/admin/"
    assert is_signed_in(client)


def test_the_api_answers_with_the_address(client):
    response = by_api(client, token=setup.new_token())
    assert (response.status_code, response.json()["email"]) == (201, "olga@example.com")


@both_ways
@pytest.mark.parametrize("token", ["", "wrong", "\N{SNOWMAN}", "x" * 1000])
def test_without_the_token_nobody_becomes_owner(client, by, token, alice):
    setup.new_token()
    response = by(client, token=token, email=alice.email)
    assert response.status_code == (403 if 0 < len(token) < 100 else 400)
    assert "There is an account" not in response.text
    assert User.objects.get() == alice


def test_what_was_typed_stays(client):
    response = by_page(client, token="wrong")
    assert "This is not the token" in response.text
    assert "olga@example.com" in response.text.lower()
    assert PASSWORD not in response.text


@both_ways
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"email": "alice@example.com"}, "There is an account with this address"),
        ({"email": "nonsense"}, "Enter a valid email address"),
        ({"name": "\u200b"}, "Leave out characters"),
        ({"password": "password"}, "too common"),
        ({"password": "olga@example.com"}, "too similar"),
    ],
)
def test_the_usual_rules_hold(client, by, wrong, reason, alice):
    token = setup.new_token()
    response = by(client, token=token, **wrong)
    assert (response.status_code, reason in response.text) == (400, True)
    assert setup.is_open()
    assert setup.accepts(token)


@both_ways
def test_once_there_is_an_owner_there_is_nothing(client, by, olivia):
    token = setup.new_token()
    assert by(client, token=token).status_code == 404
    assert by(client, token="wrong").status_code == 404
    assert [client.get(PAGE).status_code, client.get(API).status_code] == [404, 404]
    client.force_login(olivia)
    assert by(client, token=token).status_code == 404


@both_ways
def test_ten_tries_a_minute(client, by):
    token = setup.new_token()
    assert {by(client, token="wrong").status_code for _ in range(10)} == {403}
    response = by(client, token=token)
    assert (response.status_code, "Retry-After" in response.headers) == (429, True)
    assert setup.is_open()


@pytest.mark.django_db(transaction=True)
@both_ways
def test_of_several_at_once_one_becomes_owner(by):
    token = setup.new_token()
    emails = [f"olga-{n}@example.com" for n in range(4)]
    calls = [lambda email=email: by(Client(), token=token, email=email) for email in emails]
    statuses = sorted(answer.status_code for answer in at_once(*calls))
    assert statuses in ([302, 404, 404, 404], [201, 404, 404, 404])
    assert User.objects.count() == 1


def test_a_token_in_the_environment_works_as_well(client, settings):
    settings.SETUP_TOKEN = "from-the-environment"
    assert by_page(client, token="").status_code == 400
    by_page(client, token="from-the-environment")
    assert User.objects.get().is_superuser


def migrate(**options):
    call_command("migrate", "accounts", stdout=(out := StringIO()), **options)
    return out.getvalue()


def test_migrate_prints_a_token_that_works(client):
    lines = [line.strip() for line in migrate().splitlines()]
    assert sum("no owner" in line for line in lines) == 1
    token = max(lines[lines.index("") :], key=lambda line: len(line) if " " not in line else 0)
    assert SetupToken.objects.get().token_hash not in ("", token)
    by_page(client, token=token)
    assert User.objects.get().is_superuser
    assert not SetupToken.objects.exists()


def test_the_next_migrate_prints_another_in_its_place():
    first = setup.new_token()
    assert first not in migrate()
    assert not setup.accepts(first)
    assert SetupToken.objects.count() == 1


def test_migrate_says_nothing_of_it_once_there_is_an_owner(olivia):
    assert "owner" not in migrate()
    assert not SetupToken.objects.exists()


def test_migrate_asked_to_be_quiet_is(settings):
    assert migrate(verbosity=0) == ""
    assert not SetupToken.objects.exists()


def test_migrate_does_not_print_the_token_of_the_environment(settings):
    settings.SETUP_TOKEN = "from-the-environment"
    assert "SETUP_TOKEN" in (printed := migrate())
    assert "from-the-environment" not in printed
