"""The gate of the admin: a second factor, a power and a fresh sign-in, for each of its pages."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from accounts.models import User
from accounts.sessions import SessionStore
from accounts.signin.reauthentication import CONFIRMED_AT
from accounts.tests.people import is_signed_in
from config.cast import PASSWORD
from config.tests.admin_pages import url
from config.tests.processes import PRODUCTION

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

REAUTHENTICATE = "/accounts/reauthenticate/"


def browser(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def stale(olivia):
    """A browser in which Olivia signed in 11 minutes ago."""
    client = browser(olivia)
    session = client.session
    session[CONFIRMED_AT] = time.time() - 11 * 60
    session.save()
    return client


@pytest.fixture
def stella(db):
    """Somebody of the platform's staff."""
    return User.objects.create_user("stella@example.com", PASSWORD, name="Stella", role="staff")


def paths():
    """Return an address of each page of the admin, but those to enter and leave by."""
    [root] = [
        pattern for pattern in get_resolver().url_patterns if str(pattern.pattern) == "admin/"
    ]
    found = {f"/admin/{path}" for path in _paths(root)}
    return sorted(found - {"/admin/login/", "/admin/logout/"})


def _paths(resolver):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from (f"{_path(pattern)}{path}" for path in _paths(pattern))
        else:
            yield _path(pattern)


def _path(pattern):
    """Return an address that the pattern matches, with 1 for each id."""
    text = str(pattern.pattern)
    return "accounts/" if text.startswith(("^", "(")) else re.sub("<[^>]*>", "1", text)


def test_every_page_is_known_to_these_tests():
    known = paths()
    for model in admin.site._registry:
        for page in ("changelist", "add"):
            assert url(model, page) in known
        assert url(model, "delete", "1") in known


def test_staff_read_every_page(stella, olivia):
    client = browser(stella)
    for model in admin.site._registry:
        assert client.get(url(model, "changelist")).status_code == 200
    assert client.get(url(User, "change", olivia.pk)).status_code == 200


def test_staff_change_nothing_on_any_page(stella):
    client = browser(stella)
    assert {path: client.post(path).status_code for path in paths()} == dict.fromkeys(paths(), 403)


def test_every_change_needs_a_fresh_sign_in(stale):
    for path in paths():
        answer = stale.post(path)
        assert answer.status_code == 302, path
        assert answer.headers["Location"].startswith(REAUTHENTICATE), path
    assert stale.get(url(User, "changelist")).status_code == 200


def test_a_change_that_waits_for_a_fresh_sign_in_loses_nothing(stale, alice):
    form = {"name": "Alice Other", "role": "staff", "is_active": "on"}
    asked = stale.post(url(User, "change", alice.pk) + "?_changelist_filters=q%3Dalice", form)
    answer = stale.post(asked.headers["Location"], {"password": PASSWORD}, follow=True)
    alice.refresh_from_db()
    assert (alice.name, alice.role) == ("Alice Other", "staff")
    assert answer.redirect_chain[-1][0] == url(User, "changelist") + "?q=alice"


@pytest.fixture
def strict(settings):
    settings.ADMIN_REQUIRES_SECOND_FACTOR = True


@pytest.mark.usefixtures("strict")
def test_without_a_second_factor_the_admin_says_what_to_do(operator, olivia):
    for path in ("/admin/", url(User, "changelist"), url(User, "change", olivia.pk)):
        answer = operator.get(path)
        assert (answer.status_code, reverse("mfa_index") in answer.text) == (403, True), path
    Authenticator.objects.create(user=olivia, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert operator.get("/admin/").status_code == 200


@pytest.mark.usefixtures("strict")
def test_who_is_no_staff_is_not_asked_for_a_second_factor(client, alice):
    client.force_login(alice)
    answer = client.get("/admin/", follow=True)
    assert (answer.status_code, "second factor" in answer.text) == (403, False)


@pytest.mark.parametrize(
    ("environment", "needed"), [("development", False), ("staging", True), ("production", True)]
)
def test_a_second_factor_is_needed_outside_development(load_settings, environment, needed):
    settings = load_settings(**PRODUCTION | {"ENVIRONMENT": environment})
    assert settings["ADMIN_REQUIRES_SECOND_FACTOR"] is needed


def test_nobody_enters_as_somebody_else(operator, bob, monkeypatch):
    """Not even as an owner, as whom nobody can act."""
    monkeypatch.setattr(SessionStore, "impersonator_id", bob.pk)
    answer = operator.get("/admin/", follow=True)
    assert (answer.status_code, len(answer.redirect_chain)) == (403, 1)


@pytest.mark.usefixtures("strict")
def test_leaving_needs_nothing(stale):
    stale.post("/admin/logout/")
    assert not is_signed_in(stale)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/"])
def test_sign_in_leads_nowhere_else(operator, elsewhere):
    assert operator.get("/admin/login/", {"next": elsewhere}).headers["Location"] == "/admin/"
