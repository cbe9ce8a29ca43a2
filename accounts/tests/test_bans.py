"""A ban keeps a person out, whichever way they come, and tells them why."""

from datetime import timedelta

import pytest
from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from allauth.account.views import request_login_code
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import path
from django.utils import timezone

from accounts.models import Event, Session, User
from accounts.signin.pending import Begin
from accounts.tests.people import RESET, is_signed_in, mailed_code, mailed_link, sign_in
from accounts.verbs import Verb
from config.urls import urlpatterns as real_urlpatterns

pytestmark = pytest.mark.django_db

REASON = "Sold <b>hats</b>."
SHOWN = "Sold &lt;b&gt;hats&lt;/b&gt;."


@pytest.fixture
def banned(alice, olivia):
    alice.ban(by=olivia, reason=REASON)
    return alice


def proved(request, email):
    """What allauth's passkey and social views call when somebody has proved who they are."""
    return perform_login(request, Login(user=User.objects.get(email=email)))


urlpatterns = [
    path("proved/<str:email>/", proved),
    path("accounts/login/code/", request_login_code, name="account_request_login_code"),
    *real_urlpatterns,
]


def reads_why(client, response):
    return response.status_code == 403 and SHOWN in response.text and not is_signed_in(client)


def test_the_right_password_is_answered_with_the_reason(client, banned):
    assert reads_why(client, sign_in(client))


def test_a_wrong_password_is_answered_as_ever(client, banned, bob):
    theirs, bobs = [sign_in(client, who.email, "wrong-password-1") for who in (banned, bob)]
    assert theirs.context["form"].errors == bobs.context["form"].errors
    assert "hats" not in theirs.text


@pytest.mark.urls(__name__)
def test_a_code_by_email_is_answered_with_the_reason(client, banned, settings):
    settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True
    client.post("/accounts/login/code/", {"email": banned.email})
    response = client.post("/accounts/login/code/confirm/", {"code": mailed_code()})
    assert reads_why(client, response)


def test_a_reset_is_answered_with_the_reason_to_the_mailbox_alone(client, banned, bob):
    asked = [client.post(RESET, {"email": person.email}) for person in (bob, banned)]
    assert asked[0].headers["Location"] == asked[1].headers["Location"]
    assert reads_why(client, client.get(mailed_link()))


def test_a_reset_that_had_begun_before_the_ban_changes_no_password(client, alice, olivia):
    client.post(RESET, {"email": alice.email})
    form = client.get(mailed_link(), follow=True).redirect_chain[-1][0]
    alice.ban(by=olivia, reason=REASON)
    new = {"password1": "blue-river-2027", "password2": "blue-river-2027"}
    assert reads_why(client, client.post(form, new))
    alice.refresh_from_db()
    assert alice.check_password("green-field-2026")


@pytest.mark.urls(__name__)
def test_a_passkey_or_another_site_is_answered_with_the_reason(client, banned, bob):
    assert reads_why(client, client.get("/proved/alice@example.com/"))
    client.get("/proved/bob@example.com/")
    assert is_signed_in(client)


def test_a_ban_ends_every_session_at_once(alice, olivia):
    devices = [Client(), Client()]
    for device in devices:
        device.force_login(alice)
    as_bob = Session.objects.create(
        session_key="x",
        user=olivia,
        impersonated_by=alice,
        parent=alice.sessions.earliest("id"),
        expire_date=timezone.now(),
    )
    alice.ban(by=olivia, reason=REASON)
    assert [device.get("/account/").status_code for device in devices] == [302, 302]
    assert not Session.objects.filter(pk=as_bob.pk).exists()


def test_a_session_that_survived_does_not_work(client, alice):
    client.force_login(alice)
    assert client.get("/account/").status_code == 200
    User.objects.filter(pk=alice.pk).update(banned_at=timezone.now())
    assert client.get("/account/").status_code == 302


def test_a_ban_with_an_end_says_when_and_lifts_itself(client, alice, olivia):
    until = timezone.now() + timedelta(days=2)
    alice.ban(by=olivia, reason=REASON, until=until)
    assert until.strftime("%-d %B %Y, %H:%M UTC") in sign_in(client).text
    User.objects.filter(pk=alice.pk).update(ban_until=timezone.now())
    sign_in(client)
    assert is_signed_in(client)


def test_a_lifted_ban_lets_in_but_revives_no_session(client, alice, olivia):
    client.force_login(alice)
    alice.ban(by=olivia, reason=REASON)
    alice.unban(by=olivia)
    assert client.get("/account/").status_code == 302
    sign_in(client)
    assert is_signed_in(client)
    with pytest.raises(ValidationError, match="is not banned"):
        alice.unban(by=olivia)


def test_banning_again_changes_reason_and_end(banned, olivia):
    until = timezone.now() + timedelta(days=2)
    banned.ban(by=olivia, reason="Sold shoes.", until=until)
    banned.refresh_from_db()
    assert (banned.ban_reason, banned.ban_until) == ("Sold shoes.", until)


def test_a_ban_needs_a_reason_and_an_end_to_come(alice, olivia):
    for wrong in (
        {"reason": " "},
        {"reason": "x" * 501},
        {"reason": "Hats.", "until": timezone.now()},
    ):
        with pytest.raises(ValidationError):
            alice.ban(by=olivia, **wrong)
    alice.refresh_from_db()
    assert not alice.is_banned


def test_nobody_bans_themselves(olivia):
    with pytest.raises(PermissionDenied):
        olivia.ban(by=olivia, reason=REASON)


def test_bans_are_in_the_audit_trail(banned, olivia):
    banned.unban(by=olivia)
    lifted, begun = Event.objects.filter(subject_id=banned.pk, actor_id=olivia.pk)
    assert begun.verb == Verb.BANNED
    assert begun.data == {"until": None, "personal": {"reason": REASON}}
    assert lifted.verb == Verb.UNBANNED


def test_a_sign_in_that_ends_with_the_ban_is_over_once_it_is_lifted(alice, olivia):
    alice.ban(by=olivia, reason=REASON)
    device = Client()
    device.force_login(alice)  # as if it had begun before
    alice.unban(by=olivia)
    assert not is_signed_in(device)


def test_a_ban_while_a_code_is_typed_is_answered_with_the_reason(alice, olivia, monkeypatch):
    first = Begin.handle

    def banned_meanwhile(stage):
        User.objects.get(pk=alice.pk).ban(by=olivia, reason=REASON)
        return first(stage)

    monkeypatch.setattr(Begin, "handle", banned_meanwhile)
    answer = sign_in(Client())
    assert (answer.status_code, SHOWN in answer.text) == (403, True)
