"""/account/: a person's own page."""

import re

import pytest

from accounts.models import User
from accounts.tests.people import sign_in

pytestmark = pytest.mark.django_db

PROFILE = {"name": "Alice Example", "time_zone": "UTC"}


def test_profile_is_for_signed_in_people(client):
    assert client.get("/account/").headers["Location"] == "/accounts/login/?next=/account/"


def test_profile_leads_to_addresses_and_password(client, alice):
    client.force_login(alice)
    page = client.get("/account/").text
    assert 'value="Alice Example"' in page
    assert 'href="/accounts/email/"' in page
    assert 'href="/accounts/password/change/"' in page


def test_profile_needs_one_statement_beside_the_switcher(
    client, alice, acme, django_assert_max_num_queries
):
    client.force_login(alice)
    with django_assert_max_num_queries(2):
        client.get("/account/")


def test_a_person_changes_their_name_and_nothing_else(client, alice, bob):
    client.force_login(alice)
    response = client.post(
        "/account/profile/",
        PROFILE | {"name": "  Alice Other ", "role": "owner", "email": "x@example.com"},
    )
    assert response.headers["Location"] == "/account/"
    assert "Your profile was changed." in client.get("/account/").text
    alice.refresh_from_db()
    assert (alice.name, alice.email, alice.is_staff) == ("Alice Other", "alice@example.com", False)
    assert User.objects.get(pk=bob.pk).name == "Bob Example"


@pytest.mark.parametrize("name", ["", "   ", "Al\u202eice", "x" * 101])
def test_a_refused_name_stays_in_the_form_and_changes_nothing(client, alice, name):
    client.force_login(alice)
    response = client.post("/account/profile/", PROFILE | {"name": name})
    assert response.context["form"].errors.keys() == {"name"}
    assert response.context["form"]["name"].value() == name
    alice.refresh_from_db()
    assert alice.name == "Alice Example"


def test_the_address_of_the_form_leads_back_to_the_page(client, alice):
    sign_in(client)
    assert client.get("/account/profile/").headers["Location"] == "/account/"


@pytest.mark.parametrize(
    ("path", "tab"),
    [
        ("/account/", "Profile"),
        ("/accounts/email/", "Email addresses"),
        ("/accounts/password/change/", "Password"),
        ("/accounts/2fa/", "Two-step sign-in"),
    ],
)
def test_the_tab_of_a_page_is_marked(client, alice, path, tab):
    client.force_login(alice)
    assert marked_tabs(client.get(path)) == [tab]


def test_the_tab_of_a_sub_page_is_marked(client, alice):
    alice.set_unusable_password()
    alice.save()
    client.force_login(alice)
    assert marked_tabs(client.get("/accounts/password/set/")) == ["Password"]
    assert marked_tabs(client.post("/account/profile/", {"name": ""})) == ["Profile"]


def marked_tabs(page):
    return re.findall(r'aria-current="page">(.+?)</a>', page.text)


def test_connected_accounts_are_offered_with_a_provider_alone(client, alice, settings):
    client.force_login(alice)
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "Connected accounts" not in client.get("/account/").text
    settings.SOCIALACCOUNT_PROVIDERS = {"github": {"APPS": [{"client_id": "a", "secret": "b"}]}}
    assert "Connected accounts" in client.get("/account/").text
