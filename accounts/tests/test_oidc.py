"""Signing in with OpenID Connect, for real: the provider runs beside the tests."""

import pytest
import requests
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.messages import get_messages
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client

from accounts.models import Session, User
from accounts.tests.elsewhere import CALLBACK, OIDC, agree, leave, sign_in_with_oidc
from accounts.tests.people import is_signed_in, mailed_code, sign_in, sign_up
from config import providers
from config.cast import PASSWORD
from config.tests import oidc_provider

PEOPLE = [
    # username, name, email, whether the provider has checked the address
    ["erin", "Erin Example", "erin@example.com", True],
    ["erin2", "Erin Other", "erin@example.net", True],
    ["vague", "Erin Example", "erin@example.com", False],
    ["alice", "Alice Example", "alice@example.com", True],
    ["mallory", "Mallory Example", "alice@example.com", False],
    ["nameless", "", "nameless@example.com", True],
]
CODE = "/accounts/confirm-email/"
CONNECTIONS = "/accounts/3rdparty/"
ENTRY = "/organizations/last/"

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(scope="module")
def issuer():
    with oidc_provider.running(
        redirect_uris=[f"http://testserver{CALLBACK}"], people=PEOPLE
    ) as address:
        yield address


@pytest.fixture(autouse=True)
def oidc(issuer, settings, monkeypatch):
    monkeypatch.setenv("OIDC_CLIENT_ID", oidc_provider.CLIENT_ID)
    monkeypatch.setenv("OIDC_CLIENT_SECRET", oidc_provider.SECRET)
    monkeypatch.setenv("OIDC_ISSUER", issuer)
    settings.SOCIALACCOUNT_PROVIDERS = providers.configured("test")


def rows(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        return cursor.fetchall()


def test_a_stranger_signs_up_and_later_signs_in(client):
    response = sign_in_with_oidc(client, "erin", next="/account/")
    assert response.url == "/account/"
    assert is_signed_in(client)
    erin = User.objects.get()
    assert (erin.email, erin.name) == ("erin@example.com", "Erin Example")
    assert not erin.has_usable_password()
    assert EmailAddress.objects.get().verified

    other = Client()
    assert sign_in_with_oidc(other, "erin").url == ENTRY
    assert other.session["_auth_user_id"] == str(erin.pk)
    assert SocialAccount.objects.count() == SocialToken.objects.count() == 1


def test_device_is_known_after_a_sign_in_elsewhere(client):
    sign_in_with_oidc(client, "erin")
    device = Session.objects.exclude(user=None).get()
    assert device.ip == "127.0.0.1"


def test_tokens_are_unreadable_in_the_table_and_work_when_read(client, issuer):
    for _ in range(2):  # made at the first sign-in, replaced at the second
        sign_in_with_oidc(client, "erin")
        token = SocialToken.objects.get()
        userinfo = requests.get(
            f"{issuer}/identity/o/api/userinfo", headers={"Authorization": f"Bearer {token.token}"}
        )
        assert userinfo.json()["email"] == "erin@example.com"
        stored = str(rows("socialaccount_socialtoken"))
        assert token.token not in stored
        assert token.token_secret
        assert token.token_secret not in stored
        assert token.token not in str(rows("socialaccount_socialaccount"))


def test_only_what_is_shown_is_kept_of_what_the_provider_tells(client):
    sign_in_with_oidc(client, "erin")
    assert SocialAccount.objects.get().extra_data == {
        "username": "erin",
        "name": "Erin Example",
        "email": "erin@example.com",
    }


def test_an_address_that_nobody_checked_is_asked_for_and_confirmed_by_a_code(client):
    assert sign_in_with_oidc(client, "vague").url == "/accounts/3rdparty/signup/"
    assert "erin@example.com" in client.get("/accounts/3rdparty/signup/").text
    form = {"name": "Erin", "email": "erin@example.com"}
    assert client.post("/accounts/3rdparty/signup/", form).url == CODE
    assert not is_signed_in(client)
    client.post(CODE, {"code": mailed_code()})
    assert is_signed_in(client)
    assert User.objects.get().name == "Erin"


def test_an_address_that_nobody_checked_takes_no_account_over(client, alice):
    sign_in_with_oidc(client, "mallory")
    form = {"name": "Mallory", "email": "alice@example.com"}
    assert client.post("/accounts/3rdparty/signup/", form).url == CODE  # as for a new address
    assert not SocialAccount.objects.exists()
    assert not is_signed_in(client)
    assert "There is one already" in mail.outbox[-1].body


def test_a_checked_address_opens_the_account_that_confirmed_it_and_its_owner_is_told(client, alice):
    sign_in_with_oidc(client, "alice")
    assert client.session["_auth_user_id"] == str(alice.pk)
    assert SocialAccount.objects.get().user == alice
    assert mail.outbox[0].to == [alice.email]
    assert "Single sign-on now opens your account" in mail.outbox[0].subject
    alice.refresh_from_db()
    assert alice.has_usable_password()


def test_a_checked_address_takes_no_account_over_that_did_not_confirm_it(client):
    sign_up(Client())  # somebody else, with Erin's address
    squatter = User.objects.get()
    cache.clear()  # of the limit on emails to one address
    assert sign_in_with_oidc(client, "erin").url == CODE
    assert not is_signed_in(client)
    assert not SocialAccount.objects.exists()
    assert User.objects.get() == squatter
    assert "There is one already" in mail.outbox[-1].body


def test_second_factor_is_asked_for_after_a_sign_in_elsewhere(client, alice):
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(alice, generate_totp_secret())
    assert sign_in_with_oidc(client, "alice").url == "/accounts/2fa/authenticate/"
    assert not is_signed_in(client)


def test_deactivated_person_does_not_get_in(client, alice):
    alice.is_active = False
    alice.save()
    assert sign_in_with_oidc(client, "alice").url == "/accounts/inactive/"
    assert not is_signed_in(client)


def test_banned_person_reads_why_and_does_not_get_in(client, alice, olivia):
    alice.ban(by=olivia, reason="Sold hats.")
    assert "Sold hats." in sign_in_with_oidc(client, "alice").text
    assert not is_signed_in(client)


def test_somebody_without_a_name_is_asked_for_one(client):
    assert sign_in_with_oidc(client, "nameless").url == "/accounts/3rdparty/signup/"
    refused = client.post("/accounts/3rdparty/signup/", {"name": "\u200b", "email": "x@x.example"})
    assert "Leave out characters that cannot be seen." in refused.text
    client.post("/accounts/3rdparty/signup/", {"name": "Nora", "email": "other@example.com"})
    nora = User.objects.get()
    assert (nora.name, nora.email) == ("Nora", "nameless@example.com")  # not what the form says
    assert EmailAddress.objects.get().email == nora.email
    assert is_signed_in(client)


def test_connecting_two_accounts_and_disconnecting_them(client, alice):
    sign_in(client)
    for username in ("erin", "erin2"):
        assert sign_in_with_oidc(client, username, process="connect").url == CONNECTIONS
    page = client.get(CONNECTIONS)
    assert "erin2" in page.text
    assert User.objects.get() == alice
    assert mail.outbox[-1].to == [alice.email]
    for account in SocialAccount.objects.all():
        client.post(CONNECTIONS, {"account": account.pk})
    assert not SocialAccount.objects.exists()
    assert not SocialToken.objects.exists()
    assert "no longer opens your account" in mail.outbox[-1].subject


def test_what_somebody_else_connected_cannot_be_connected_again(client, alice):
    sign_in_with_oidc(Client(), "erin")
    sign_in(client)
    response = sign_in_with_oidc(client, "erin", process="connect")
    assert "opens somebody else’s account" in str(*get_messages(response.wsgi_request))
    assert SocialAccount.objects.get().user != alice


def test_last_way_to_sign_in_cannot_be_disconnected(client):
    sign_in_with_oidc(client, "erin")
    account = SocialAccount.objects.get()
    page = client.post(CONNECTIONS, {"account": account.pk})
    assert "This is your only way to sign in. Set a password first" in page.text
    assert SocialAccount.objects.exists()


def test_nobody_disconnects_an_account_of_others(client, alice):
    sign_in_with_oidc(Client(), "erin")
    sign_in(client)
    account = SocialAccount.objects.get()
    account.user.set_password(PASSWORD)  # it is not their only way to sign in
    account.user.save()
    client.post(CONNECTIONS, {"account": account.pk})
    assert SocialAccount.objects.exists()
    assert "erin" not in client.get(CONNECTIONS).text


def test_connecting_needs_a_fresh_sign_in(client, alice):
    sign_in(client)
    session = client.session
    session["confirmed_at"] = 0
    session.save()
    assert client.post(OIDC, {"process": "connect"}).status_code == 302


def test_saying_no_at_the_provider_leads_to_a_page_that_says_so(client):
    back = agree(leave(client), "erin", action="cancel")
    assert back["error"] == "access_denied"
    assert "Nothing was shared" in client.get(CALLBACK, back, follow=True).text
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"state": ""},
        {"state": "of-somebody-else"},
        {"state": "\0"},
        {"code": "expired"},
        {"code": "\0"},
        {"code": "c" * 100_000},
        {"error": "server_error"},
    ],
    ids=["no state", "foreign state", "NUL state", "expired", "NUL", "huge", "error"],
)
def test_bad_callback_gets_a_clear_page_and_makes_nobody(client, change):
    page = client.get(CALLBACK, agree(leave(client), "erin") | change)
    assert page.status_code == 401
    assert "could not confirm who you are" in page.text
    assert not User.objects.exists()


def test_callback_out_of_the_blue_gets_a_clear_page(client):
    assert client.get(CALLBACK).status_code == 401
    assert client.get(CALLBACK, {"code": "x", "state": "y"}).status_code == 401


def test_callback_works_once_and_in_the_browser_that_left_alone(client):
    back = agree(leave(client), "erin")
    assert Client().get(CALLBACK, back).status_code == 401
    assert client.get(CALLBACK, back).status_code == 302
    assert client.get(CALLBACK, back).status_code == 401


def test_a_code_that_was_stolen_works_in_no_other_browser(client):
    """Its PKCE verifier lies in the session that asked for it."""
    stolen = agree(leave(Client()), "erin")["code"]
    own = agree(leave(client), "erin2")
    assert client.get(CALLBACK, own | {"code": stolen}).status_code == 401
    assert not User.objects.exists()
