"""PLATFORM_ROLES: a platform role for an address or a domain, once, for who proves it."""

import pytest
from allauth.account.models import EmailAddress
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from accounts.addresses import normalize
from accounts.models import Event, User
from accounts.signup import admit
from accounts.tests.people import CODE, SIGNUP, mailed_code, sign_in, sign_up
from accounts.verbs import Verb
from config.tests.admin_pages import url
from config.urls import urlpatterns as real_urlpatterns

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def platform_roles(settings):
    settings.PLATFORM_ROLES = {"erin@example.com": "owner", "example.com": "staff"}


def join(email):
    """Sign up and enter the code; return the role that came of it."""
    client = Client()
    sign_up(client, email=email)
    client.post(CODE, {"code": mailed_code()})
    return User.objects.get(emailaddress__verified=True, email=normalize(email)).role


def test_an_address_gets_its_role_and_is_signed_in(client):
    sign_up(client)
    assert User.objects.get().role == "user"
    client.post(CODE, {"code": mailed_code()})
    assert client.get("/admin/").status_code == 200
    event = Event.objects.get(verb=Verb.ROLE_CHANGED)
    assert (event.actor_id, event.data["after"]) == (None, "owner")


@pytest.mark.parametrize(
    ("email", "role"),
    [
        ("frank@example.com", "staff"),
        ("erin+other@example.com", "staff"),
        ("erin@elsewhere.example", "user"),
        ("erin@sub.example.com", "user"),
        ("erin@notexample.com", "user"),
        ("erin@example.com.evil.example", "user"),
        ("erin@ex\u0430mple.com", "user"),  # a Cyrillic letter
    ],
)
def test_a_domain_is_that_domain_and_nothing_that_looks_like_it(email, role):
    assert join(email) == role


def open_invitation(request):
    admit(request, "erin@example.com")
    return HttpResponse()


urlpatterns = [path("invited/", open_invitation), *real_urlpatterns]


@pytest.mark.urls(__name__)
def test_a_pass_proves_the_address_as_well(client):
    client.get("/invited/")
    client.post(SIGNUP, {"name": "Erin", "password1": "green-field-2026"})
    assert User.objects.get().is_superuser


def add_address(client, email):
    client.post("/accounts/email/", {"action_add": "", "email": email})
    client.post(CODE, {"code": mailed_code()})


def test_a_later_decision_stays_whatever_is_confirmed(olivia, settings, client):
    assert join("frank@example.com") == "staff"
    frank = User.objects.get(email="frank@example.com")
    frank.change_role("user", by=olivia)
    EmailAddress.objects.filter(user=frank).delete()  # as if they had none, and signed in anew
    sign_in(client, frank.email)
    client.post(CODE, {"code": mailed_code()})
    assert EmailAddress.objects.get(user=frank).verified
    frank.refresh_from_db()
    assert frank.role == "user"


def test_an_address_that_is_added_later_gives_nothing(client):
    sign_up(client, email="frank@elsewhere.example")
    client.post(CODE, {"code": mailed_code()})
    add_address(client, "erin@example.com")
    assert EmailAddress.objects.get(email="erin@example.com").verified
    assert User.objects.get().role == "user"


def test_an_address_confirmed_in_the_admin_gives_nothing(operator, client):
    sign_up(Client())
    address = EmailAddress.objects.get(email="erin@example.com")
    action = {"action": "make_verified", "_selected_action": address.pk}
    operator.post(url(EmailAddress, "changelist"), action)
    address.refresh_from_db()
    assert (address.verified, address.user.role) == (True, "user")


def test_who_was_there_before_the_list_gets_nothing(client, alice):
    sign_in(client)
    alice.refresh_from_db()
    assert alice.role == "user"
