"""Signing in with an account elsewhere, in a browser that holds forms to our security policy."""

import pytest

from accounts.models import User
from accounts.tests.elsewhere import CALLBACK
from config import providers
from config.tests import oidc_provider

pytestmark = pytest.mark.browser


@pytest.fixture
def oidc(live_server, settings, monkeypatch):
    """A provider where Erin has an account, and which our sign-in page offers."""
    with oidc_provider.running(
        redirect_uris=[f"{live_server.url}{CALLBACK}"],
        people=[["erin", "Erin Example", "erin@example.com", True]],
    ) as issuer:
        monkeypatch.setenv("OIDC_CLIENT_ID", oidc_provider.CLIENT_ID)
        monkeypatch.setenv("OIDC_CLIENT_SECRET", oidc_provider.SECRET)
        monkeypatch.setenv("OIDC_ISSUER", issuer)
        monkeypatch.setenv("OIDC_NAME", "Example ID")
        settings.SOCIALACCOUNT_PROVIDERS = providers.configured("test")
        yield


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no javascript"])
def test_erin_signs_up_at_another_site_and_finds_it_connected(visitor, oidc, javascript):
    erin = visitor(javascript=javascript)
    erin.opens("/accounts/login/")
    erin.sees("Sign in")
    erin.presses("Continue with Example ID")

    erin.page.get_by_label("Username").fill("erin")
    erin.page.get_by_label("Password").fill(oidc_provider.PASSWORD)
    erin.presses("Sign In")
    erin.presses("Authorize")
    erin.page.wait_for_url("**/organizations/")
    erin.complaints()  # about the other site's pages

    erin.sees("Your organizations")
    assert User.objects.get().email == "erin@example.com"
    erin.opens("/accounts/3rdparty/")
    erin.sees("Connected accounts")
    accounts = erin.page.get_by_role("region", name="Your connected accounts")
    assert accounts.inner_text().startswith("Example ID\nerin, since")
    erin.presses("Disconnect Example ID")
    erin.sees("Connected accounts")
    erin.reads("This is your only way to sign in. Set a password first, then disconnect it.")
    if javascript:
        assert erin.barriers() == []
