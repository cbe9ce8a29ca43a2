"""What production tells the browser to enforce."""

import pytest
from django.test import Client

from accounts.signin import known_devices
from accounts.tests.factors import AUTHENTICATE, App
from config import messages
from config.cast import PASSWORD
from config.tests.processes import PRODUCTION

pytestmark = pytest.mark.django_db

DECIDED = ("SECURE_", "SESSION_COOKIE_", "CSRF_COOKIE_", "HTTPS", "COOKIE_PREFIX", "MFA_TRUST_")


@pytest.fixture
def production(settings, load_settings, monkeypatch):
    """Answer with the headers and cookies of production."""
    for name, value in load_settings(**PRODUCTION).items():
        if name.startswith(DECIDED):
            setattr(settings, name, value)
    monkeypatch.setattr(messages.CookieStorage, "cookie_name", "__Host-messages")
    monkeypatch.setattr(known_devices, "COOKIE", "__Host-device")


def test_http_is_redirected_to_https(production):
    response = Client().get("/waitlist/?a=b")
    assert response.status_code == 301
    assert response.headers["Location"] == "https://testserver/waitlist/?a=b"


def test_headers(client, production):
    headers = client.get("/waitlist/", secure=True).headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", ["/", "/waitlist/", "/accounts/login/", "/admin/", "/nowhere"])
def test_content_security_policy_has_no_unsafe_source(client, production, path):
    policy = dict(
        part.split(" ", 1) if " " in part else (part, "")
        for part in client.get(path, secure=True).headers["Content-Security-Policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in str(policy)
    assert "*" not in str(policy)


def test_cookies_are_kept_from_scripts_other_hosts_and_http(client, production, alice):
    page = client.get("/accounts/login/", secure=True)
    response = client.post(
        "/accounts/login/",
        {"login": alice.email, "password": PASSWORD},
        secure=True,
    )
    assert response.status_code == 302
    saved = client.post(
        "/account/profile/", {"name": "Alice Miller", "time_zone": "UTC"}, secure=True
    )
    cookies = {**page.cookies, **response.cookies, **saved.cookies}
    names = {"__Host-csrf", "__Host-session", "__Host-messages", "__Host-device"}
    assert set(cookies) == names
    for cookie in cookies.values():
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["path"] == "/"
        assert cookie["domain"] == ""
        assert cookie["samesite"] == "Lax"


def test_so_is_the_cookie_of_a_trusted_browser(client, production, alice):
    app = App(alice)
    form = {"login": alice.email, "password": PASSWORD}
    client.post("/accounts/login/", form, secure=True)
    client.post(AUTHENTICATE, {"code": app.code()}, secure=True)
    client.post("/accounts/2fa/trust/", {"action": "trust"}, secure=True)
    cookie = client.cookies["__Host-trusted"]
    assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "Lax")
    assert cookie["secure"]
    assert cookie["httponly"]


def test_development_has_plain_cookie_names(client):
    client.get("/waitlist/")
    assert set(client.cookies) == {"csrf"}
