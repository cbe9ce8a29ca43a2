"""What changes an account needs a sign-in, or a confirmation, at most ten minutes ago."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import HttpResponse
from django.urls import path

from accounts.models import User
from accounts.sessions import SessionStore
from accounts.signin import confirmation
from accounts.signin.reauthentication import CONFIRMED_AT, fresh_sign_in_required, is_fresh
from accounts.tests.people import mailed_code, sign_in
from config.cast import PASSWORD
from config.urls import urlpatterns as real_urlpatterns

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

CONFIRM = "/accounts/reauthenticate/"
CODE = "/account/confirm/"
SEND = "/account/confirm/send/"
EMAIL = "/accounts/email/"
MINUTE = 60


def freshness(request):
    return HttpResponse("fresh" if is_fresh(request) else "stale")


@login_required
@fresh_sign_in_required
def echo(request):
    """Says what it was sent, as a view that changes something would see it."""
    return HttpResponse(f"{request.method} {request.GET.get('list')} {request.POST.get('typed')}")


urlpatterns = [path("fresh/", freshness), path("echo/", echo), *real_urlpatterns]


def age(client, seconds):
    """Let so many seconds pass since the sign-in of this browser."""
    session = client.session
    session[CONFIRMED_AT] -= seconds
    session.save()


@pytest.fixture
def stale(client, alice, mailoutbox):
    """A browser in which Alice signed in an hour ago."""
    sign_in(client)
    mailoutbox.clear()  # of the new device
    age(client, 60 * MINUTE)
    return client


def confirm(client, response, password=PASSWORD):
    """Follow to 'Confirm that it is you', enter the password, follow to where it leads."""
    assert response.status_code == 302, response
    page = client.get(response.headers["Location"])
    assert "Confirm that it is you" in page.text
    form = {"password": password, "next": page.context["redirect_field_value"]}
    return client.post(CONFIRM, form, follow=True)


def test_a_sign_in_is_fresh_for_ten_minutes(client, alice):
    sign_in(client)
    assert client.get("/fresh/").text == "fresh"
    age(client, 10 * MINUTE - 5)
    assert client.get("/fresh/").text == "fresh"
    age(client, 10)
    assert client.get("/fresh/").text == "stale"


def test_a_visitor_is_never_fresh(client):
    assert client.get("/fresh/").text == "stale"


def test_the_password_makes_it_fresh_again_and_a_wrong_one_does_not(stale):
    wrong = confirm(stale, stale.get("/echo/"), password="wrong-password")
    assert "password" in wrong.context["form"].errors
    assert stale.get("/fresh/").text == "stale"
    assert confirm(stale, stale.get("/echo/?list=2")).text == "GET 2 None"
    assert stale.get("/fresh/").text == "fresh"


def test_what_was_typed_goes_on_after_the_confirmation(stale):
    response = stale.post("/echo/?list=2", {"typed": "a & b"})
    assert confirm(stale, response).text == "POST 2 a & b"


def test_a_change_goes_on_once_and_only_after_the_confirmation(stale):
    response = stale.post("/echo/", {"typed": "x"})
    onward = stale.get(response.headers["Location"]).context["redirect_field_value"]
    assert stale.get(onward).status_code == 302
    assert confirm(stale, response).text == "POST None x"
    assert stale.get(onward).text == "GET None None"


def test_a_link_of_a_stranger_sets_nothing_off(stale):
    stale.post("/echo/", {"typed": "x"})
    confirm(stale, stale.get("/echo/"))
    for guess in ("/echo/?confirmed=", "/echo/?confirmed=guess", "/echo/"):
        assert stale.get(guess).text == "GET None None"


def test_an_error_in_what_was_typed_is_shown_where_it_was_typed(stale):
    form = {"oldpassword": PASSWORD, "password1": "short", "password2": "short"}
    response = confirm(stale, stale.post("/accounts/password/change/", form))
    assert response.request["PATH_INFO"] == "/accounts/password/change/"
    assert "password1" in response.context["form"].errors


def test_the_session_keeps_no_cookie(stale):
    stale.post("/echo/", {"typed": "x"})
    assert "cookie" not in str(dict(stale.session)).lower()


@pytest.mark.parametrize("page", ["/accounts/password/change/", "/accounts/2fa/totp/activate/"])
def test_pages_that_lead_to_a_change_ask_before_anything_is_typed(stale, page):
    assert stale.get(page).headers["Location"].startswith(CONFIRM)


def test_a_password_is_changed_by_a_fresh_sign_in_alone(stale, alice):
    new = "blue-river-2027"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    response = stale.post("/accounts/password/change/", form)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    confirm(stale, response)
    alice.refresh_from_db()
    assert alice.check_password(new)


@pytest.mark.parametrize("action", ["action_primary", "action_remove"])
def test_an_address_is_changed_by_a_fresh_sign_in_alone(stale, alice, action):
    EmailAddress.objects.create(user=alice, email="alice@work.example", verified=True)
    before = set(EmailAddress.objects.values_list("email", "primary"))
    response = stale.post(EMAIL, {action: "", "email": "alice@work.example"})
    assert set(EmailAddress.objects.values_list("email", "primary")) == before
    confirm(stale, response)
    assert set(EmailAddress.objects.values_list("email", "primary")) != before


def test_an_address_is_added_by_a_fresh_sign_in_alone(stale, mailoutbox):
    response = stale.post(EMAIL, {"action_add": "", "email": "alice@work.example"})
    assert mailoutbox == []
    confirm(stale, response)
    assert mailoutbox[0].to == ["alice@work.example"]


def test_who_was_signed_out_meanwhile_signs_in_again(stale):
    stale.post("/accounts/logout/")
    response = stale.post("/echo/", {"typed": "x"})
    assert response.headers["Location"] == "/accounts/login/?next=/echo/"


def test_nobody_confirms_for_somebody_else(client, alice, olivia, monkeypatch):
    sign_in(client)
    monkeypatch.setattr(SessionStore, "impersonator_id", olivia.pk)
    assert client.get("/fresh/").text == "stale"
    assert client.post("/echo/").status_code == 403
    assert client.get(CONFIRM).status_code == 403


def test_another_person_in_the_same_browser_does_not_get_what_was_typed(stale, bob):
    response = stale.post("/echo/", {"typed": "x"})
    onward = stale.get(response.headers["Location"]).context["redirect_field_value"]
    stale.post("/accounts/logout/")
    sign_in(stale, "bob@example.com")
    assert stale.get(onward).text == "GET None None"


@pytest.fixture
def without_password(stale, alice):
    """As the browser of somebody who only ever signed in elsewhere, or by code."""
    User.objects.filter(pk=alice.pk).update(password="!")
    stale.force_login(User.objects.get(pk=alice.pk))
    age(stale, 60 * MINUTE)
    return stale


def ask_for_code(client, response):
    """Follow to 'Confirm that it is you' and have a code sent; return the page that asks for it."""
    page = client.get(response.headers["Location"])
    form = {"next": page.context["redirect_field_value"]}
    return client.post(SEND, form, follow=True)


def enter_code(client, page, code):
    form = {"code": code, "next": page.context["redirect_field_value"]}
    return client.post(CODE, form, follow=True)


def test_without_password_and_factor_a_code_by_email_confirms(without_password, mailoutbox):
    response = without_password.post("/echo/", {"typed": "x"})
    assert response.headers["Location"].startswith(CODE)
    page = ask_for_code(without_password, response)
    assert mailoutbox[0].to == ["alice@example.com"]
    assert enter_code(without_password, page, mailed_code()).text == "POST None x"
    assert without_password.get("/fresh/").text == "fresh"
    enter_code(without_password, page, mailed_code())
    age(without_password, 60 * MINUTE)
    enter_code(without_password, page, mailed_code())
    assert without_password.get("/fresh/").text == "stale"


def test_three_wrong_codes_end_the_attempt(without_password, mailoutbox):
    page = ask_for_code(without_password, without_password.get("/echo/"))
    code = mailed_code()
    for _ in range(3):
        enter_code(without_password, page, "1" + code)
    enter_code(without_password, page, code)
    assert without_password.get("/fresh/").text == "stale"


def test_a_code_works_for_ten_minutes(without_password, mailoutbox):
    def sent(seconds):
        cache.clear()
        page = ask_for_code(without_password, without_password.get("/echo/"))
        session = without_password.session
        session[confirmation.CODE] |= {"at": session[confirmation.CODE]["at"] - seconds}
        session.save()
        enter_code(without_password, page, mailed_code())
        return without_password.get("/fresh/").text

    assert sent(10 * MINUTE + 5) == "stale"
    assert sent(10 * MINUTE - 5) == "fresh"


def test_who_has_a_password_is_sent_no_code(stale, mailoutbox):
    assert stale.post(SEND).status_code == 403
    assert stale.get(CODE).headers["Location"] == CONFIRM
    assert mailoutbox == []


def test_codes_to_confirm_with_are_limited(without_password, mailoutbox):
    answers = [without_password.post(SEND).status_code for _ in range(4)]
    assert answers == [302, 302, 302, 429]


def test_the_code_arrives_once_the_mail_server_is_back(without_password, mail_server):
    page = ask_for_code(without_password, without_password.get("/echo/"))
    mail_server.come_back()
    code = re.search(r"^\d{6}$", mail_server.mails[0].body, re.M)[0]
    assert enter_code(without_password, page, code).text == "GET None None"
