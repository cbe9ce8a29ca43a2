"""The road to a provider and back, step by step, for the tests of signing in with an account there.

Our side is Django's test client; the provider's side is asked over HTTP, as a browser would.
"""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import requests

from config.tests.oidc_provider import PASSWORD

OIDC = "/accounts/oidc/login/"
CALLBACK = "/accounts/oidc/login/callback/"

_BROWSERS: dict[tuple[str, str], requests.Session] = {}


def leave(client, url=OIDC, **form):
    """Press the button; return the address of the provider that the page moves on to."""
    page = client.post(url, form)
    assert page.status_code == 200, page
    return unescape(re.search(r'http-equiv="refresh" content="0; url=(.+?)"', page.text)[1])


def agree(address, username, *, action="grant"):
    """Press a button of the provider's question; return what it sends back.

    Each person has one browser there, and signs in when it is asked for first.
    """
    browser = _BROWSERS.setdefault((urlsplit(address).netloc, username), requests.Session())
    page = browser.get(address)
    if "/login/" in page.url:
        form = {"login": username, "password": PASSWORD}
        page = browser.post(page.url, _form(page.text) | form)
    answer = browser.post(page.url, _form(page.text) | {"action": action}, allow_redirects=False)
    back = urlsplit(answer.headers["Location"])
    assert back.path == CALLBACK
    return {name: values[0] for name, values in parse_qs(back.query).items()}


def sign_in_with_oidc(client, username, **form):
    """Go the whole road; return our last answer."""
    return client.get(CALLBACK, agree(leave(client, **form), username))


def _form(page):
    """Return what the page's last form would send: hidden fields and ticked boxes."""
    fields = {}
    for field in re.findall(r"<input[^>]*>", page.rpartition("<form")[2]):
        attributes = dict(re.findall(r'(\w+)="(.*?)"', field))
        if attributes["type"] == "hidden" or " checked" in field:
            fields.setdefault(attributes["name"], []).append(unescape(attributes["value"]))
    return fields
