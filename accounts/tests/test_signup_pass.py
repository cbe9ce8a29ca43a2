"""accounts.signup: an invitation's link admits its own address, without a second code."""

import time

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from accounts import signup
from accounts.models import User
from accounts.tests.factors import Passkey, question_of
from accounts.tests.people import ERIN, PASSKEY_SIGNUP, SIGNUP
from config.urls import urlpatterns as real_urlpatterns

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def open_invitation(request, email):
    signup.admit(request, email)
    return HttpResponse()


urlpatterns = [path("invited/<str:email>/", open_invitation), *real_urlpatterns]


@pytest.fixture
def invited(client):
    """A visitor who has opened the invitation that was sent to erin@example.com."""
    client.get("/invited/Erin@Example.com/")
    return client


def test_the_pass_signs_up_and_in_without_a_code(invited):
    response = invited.post(SIGNUP, ERIN | {"next": "/account/"})
    assert response.headers["Location"] == "/account/"
    erin = User.objects.get(email="erin@example.com")
    address = EmailAddress.objects.get(user=erin)
    assert (address.email, address.verified, address.primary) == ("erin@example.com", True, True)
    assert invited.session["_auth_user_id"] == str(erin.pk)
    assert mail.outbox == []


def test_the_pass_signs_up_with_a_passkey_too(db):
    invited = Client(headers={"host": "localhost"})
    invited.get("/invited/erin@example.com/")
    passkey_page = invited.post(
        PASSKEY_SIGNUP, {"name": "Erin", "email": "mallory@example.com"}
    ).url
    question = question_of(invited.get(passkey_page))
    invited.post(passkey_page, {"credential": Passkey().answer_to(question)})
    assert invited.session["_auth_user_id"] == str(User.objects.get(email="erin@example.com").pk)
    assert mail.outbox == []


def test_the_field_shows_the_address_and_cannot_be_edited(invited):
    field = invited.get(SIGNUP).context["form"]["email"]
    assert field.value() == "erin@example.com"
    assert "readonly" in str(field)


@pytest.mark.parametrize("typed", ["mallory@example.com", "", "nonsense"])
def test_another_address_typed_instead_is_ignored(invited, typed):
    invited.post(SIGNUP, ERIN | {"email": typed})
    assert [user.email for user in User.objects.all()] == ["erin@example.com"]
    assert EmailAddress.objects.get().email == "erin@example.com"


def test_the_pass_works_once(invited):
    invited.post(SIGNUP, ERIN)
    assert invited.session["_auth_user_id"]
    assert signup.ADMISSION not in invited.session


def test_a_refused_form_keeps_the_pass(invited):
    response = invited.post(SIGNUP, ERIN | {"name": ""})
    assert response.context["form"].errors.keys() == {"name"}
    invited.post(SIGNUP, ERIN)
    assert EmailAddress.objects.get().verified is True


def test_the_pass_lapses_after_an_hour(invited, monkeypatch):
    later = time.time() + signup.ADMISSION_SECONDS + 1
    monkeypatch.setattr(signup.time, "time", lambda: later)
    invited.post(SIGNUP, ERIN)
    assert EmailAddress.objects.get().verified is False


def test_a_later_invitation_replaces_the_pass(invited):
    invited.get("/invited/frank@example.com/")
    invited.post(SIGNUP, ERIN)
    assert User.objects.get().email == "frank@example.com"


def test_the_pass_stays_in_the_browser_that_opened_the_link(invited):
    Client().post(SIGNUP, ERIN)
    assert EmailAddress.objects.get().verified is False


def test_whoever_has_an_account_is_told_to_sign_in(invited, alice):
    invited.get("/invited/alice@example.com/")
    response = invited.post(SIGNUP, ERIN)
    assert "Sign in instead" in response.context["form"].errors["email"][0]
    assert User.objects.count() == 1


def test_without_a_pass_anybody_may_sign_up_and_confirms_by_code(client):
    client.post(SIGNUP, ERIN)
    assert EmailAddress.objects.get().verified is False
    assert len(mail.outbox) == 1
