"""A real Chromium in front of the live server. Run these with `./bin/test -m browser`."""

import os
import shutil

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect, sync_playwright

from config.tests.browser.visitor import Visitor

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
]
PATIENCE = 60_000  # milliseconds, for a machine that has other things to do


@pytest.fixture(scope="package")
def chromium():
    """The system's Chromium, started once.

    Playwright's synchronous API keeps an event loop in this thread, and Django's ORM refuses to
    work beside one. That loop only turns inside a call to Playwright, when the test itself waits,
    so no statement can hold it up: the guard is lifted while the browser runs, and only then.
    """
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium, live_server):
    """Return a function that seats a visitor, or the person it is given, at their own browser."""
    contexts = []

    def sit_down(user=None, *, javascript=True):
        context = chromium.new_context(
            base_url=live_server.url, java_script_enabled=javascript, reduced_motion="reduce"
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if user:
            context.add_cookies([signed_in(user, live_server.url)])
        return Visitor(context.new_page())

    yield sit_down
    for context in contexts:
        context.close()


def signed_in(user, url):
    """Return the cookie of a new session of this person."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}


def executable():
    for name in NAMES:
        if path := shutil.which(name):
            return path
    missing = f"No browser: install Chromium (looked for {', '.join(NAMES)})."
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
