"""What is encrypted at rest, and how a secret is changed without losing any of it."""

import json

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts import encryption
from accounts.models import Session
from accounts.outbox import queue
from accounts.tests.factors import AUTHENTICATE, App, recovery_codes
from accounts.tests.people import is_signed_in, sign_in


def test_the_same_text_is_encrypted_differently_each_time():
    assert encryption.encrypt("secret") != encryption.encrypt("secret")
    assert encryption.decrypt(encryption.encrypt("sécret")) == "sécret"


def test_any_of_the_secrets_decrypts_and_the_first_encrypts(settings):
    settings.ENCRYPTION_SECRETS = ["old"]
    old = encryption.encrypt("text")
    settings.ENCRYPTION_SECRETS = ["new", "old"]
    assert encryption.decrypt(old) == "text"
    new = encryption.encrypt("text")
    settings.ENCRYPTION_SECRETS = ["new"]
    assert encryption.decrypt(new) == "text"
    with pytest.raises(encryption.InvalidToken):
        encryption.decrypt(old)


def test_after_reencrypting_an_old_secret_can_go(client, alice, settings, capsys):
    settings.ENCRYPTION_SECRETS = ["old"]
    app, codes = App(alice), recovery_codes(alice)
    account = SocialAccount.objects.create(user=alice, provider="github", uid="1")
    token = SocialToken.objects.create(account=account, token="given", token_secret="too")
    client.force_login(alice)
    settings.MAIL_DELIVERY = "worker"
    mail = queue(EmailMessage("Hello", "and more", to=["alice@example.com"]))

    settings.ENCRYPTION_SECRETS = ["new", "old"]
    call_command("reencrypt")
    assert capsys.readouterr().out.splitlines() == [
        "second factors: 2 renewed, 0 could not be read",
        f"sessions: {Session.objects.count()} renewed, 0 could not be read",
        "OAuth tokens: 1 renewed, 0 could not be read",
        "emails: 1 renewed, 0 could not be read",
    ]

    settings.ENCRYPTION_SECRETS = ["new"]
    assert client.get("/account/").status_code == 200
    token.refresh_from_db()
    assert (token.token, token.token_secret) == ("given", "too")
    mail.refresh_from_db()
    assert "and more" in mail.text()
    for code in (app.code(), codes[0]):
        sign_in(browser := Client())
        browser.post(AUTHENTICATE, {"code": code})
        browser.post("/accounts/2fa/trust/", {"action": "skip"})
        assert is_signed_in(browser)


def test_reencrypting_keeps_which_codes_are_used(alice):
    used, *rest = recovery_codes(alice)
    codes = Authenticator.objects.get().wrap()
    assert codes.validate_code(used)
    call_command("reencrypt")
    assert Authenticator.objects.get().wrap().get_unused_codes() == rest


def test_what_cannot_be_read_is_left_as_it_is_and_told(alice, bob, settings, capsys):
    settings.ENCRYPTION_SECRETS = ["lost"]
    App(alice)
    account = SocialAccount.objects.create(user=alice, provider="github", uid="1")
    SocialToken.objects.create(account=account, token="given")
    before = _at_rest()
    settings.ENCRYPTION_SECRETS = ["new"]
    App(bob)
    with pytest.raises(CommandError, match="needs a secret that is missing"):
        call_command("reencrypt")
    assert "second factors: 1 renewed, 1 could not be read" in capsys.readouterr().out
    assert _at_rest(user=alice) == before
    settings.ENCRYPTION_SECRETS = ["new", "lost"]
    call_command("reencrypt")


def test_more_rows_than_a_batch_are_renewed(alice, settings, monkeypatch):
    monkeypatch.setattr("accounts.management.commands.reencrypt.BATCH", 2)
    settings.ENCRYPTION_SECRETS = ["old"]
    for _ in range(3):
        Client().force_login(alice)
    assert Session.objects.count() > 2
    settings.ENCRYPTION_SECRETS = ["new", "old"]
    call_command("reencrypt")
    settings.ENCRYPTION_SECRETS = ["new"]
    for data in Session.objects.values_list("session_data", flat=True):
        encryption.decrypt(data)


def _at_rest(**of):
    """What the tables hold, as a dump would show it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM socialaccount_socialtoken")
        tokens = cursor.fetchall()
    return tokens, json.dumps(list(Authenticator.objects.filter(**of).values_list("data")))
