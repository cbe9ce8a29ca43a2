"""The steps of docs/deploy.md by which keys are changed: what people hold goes on working."""

import re

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.test import Client

from accounts.encryption import InvalidToken, decrypt
from accounts.models import Session
from accounts.outbox import queue
from accounts.tests.factors import AUTHENTICATE, App, recovery_codes
from accounts.tests.people import RESET, is_signed_in, mailed_link, sign_in
from accounts.tests.test_impersonation import act_as, name
from config.env import BASE_DIR
from config.tests.at_once import at_once, statuses
from config.tests.processes import PRODUCTION
from waitlist import links
from waitlist.tests.people import waiting

OLD, NEW = "old-key-" * 6, "new-key-" * 6
PAGE = (BASE_DIR / "docs/deploy.md").read_text()
STEP = re.compile(r"^\d\. .*\n(?: .*\n)*", re.M)
SETTING = re.compile(r"`([A-Z_]+)=(\S*?)`")


@pytest.fixture(autouse=True)
def before(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    settings.ENCRYPTION_SECRETS = [OLD]


@pytest.fixture
def follow(settings):
    """Return a generator that does the next step under this heading whenever it is asked."""

    def follow(heading):
        for step in STEP.findall(PAGE.split(f"\n### {heading}\n")[1].split("\n#")[0]):
            for variable, written in SETTING.findall(step):
                keys = written.replace("<old>", OLD).replace("<new>", NEW)
                one = variable == "SECRET_KEY"
                setattr(settings, variable, keys if one else list(filter(None, keys.split(","))))
            if "`python manage.py reencrypt`" in step:
                call_command("reencrypt")
            yield

    return follow


def test_the_variables_of_the_steps_are_read(load_settings):
    keys = {"SECRET_KEY_FALLBACKS": "new, old", "ENCRYPTION_SECRETS": "second,first"}
    loaded = load_settings(**PRODUCTION | keys)
    assert loaded["SECRET_KEY_FALLBACKS"] == ["new", "old"]
    assert loaded["ENCRYPTION_SECRETS"] == ["second", "first"]


@pytest.mark.django_db
def test_the_steps_end_with_the_new_key_alone(follow, settings):
    assert len(list(follow("SECRET_KEY"))) == 3
    assert (settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS) == (NEW, [])
    assert len(list(follow("ENCRYPTION_SECRETS"))) == 4
    assert settings.ENCRYPTION_SECRETS == [NEW]


@pytest.mark.parametrize("heading", ["SECRET_KEY", "ENCRYPTION_SECRETS"])
def test_who_is_signed_in_stays_so_at_every_step(follow, client, alice, heading):
    client.force_login(alice)
    for _ in follow(heading):
        assert client.get("/account/").status_code == 200


def test_who_was_not_there_between_the_steps_is_signed_out(follow, client, alice):
    client.force_login(alice)
    list(follow("SECRET_KEY"))
    assert client.get("/account/").status_code == 302


def test_while_processes_restart_old_and_new_ones_understand_each_other(
    follow, client, alice, settings
):
    client.force_login(alice)
    steps = follow("SECRET_KEY")
    settings_of = []
    for _ in range(2):
        next(steps)
        settings_of.append((settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS))
    for turn in range(4):
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = settings_of[turn % 2]
        assert client.get("/account/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_ask_together_stay_signed_in(follow, client, alice):
    client.force_login(alice)
    steps = follow("SECRET_KEY")
    next(steps), next(steps)
    tabs = [Client() for _ in range(6)]
    for tab in tabs:
        tab.cookies["session"] = client.cookies["session"].value
    calls = [lambda tab=tab: tab.get("/account/") for tab in tabs]
    assert statuses(at_once(*calls)) == {200: 6}
    assert {tab.get("/account/").status_code for tab in tabs} == {200}


@pytest.mark.urls("accounts.tests.test_impersonation")
def test_who_acts_as_somebody_goes_on(follow, operator, alice):
    act_as(operator)
    steps = follow("SECRET_KEY")
    for _ in range(2):
        next(steps)
        assert name(operator) == "Alice Example"
        assert name(operator) == "Alice Example"
    operator.post("/account/impersonation/stop/")
    assert name(operator) == "Olivia Example"


def test_a_sign_in_that_waits_for_its_second_step_goes_on(follow, client, alice):
    app = App(alice)
    sign_in(client)
    steps = follow("SECRET_KEY")
    next(steps), next(steps)
    client.post(AUTHENTICATE, {"code": app.code()})
    client.post("/accounts/2fa/trust/", {"action": "skip"})
    assert is_signed_in(client)


def test_a_trusted_browser_asks_once_more(follow, client, alice):
    """As allauth takes the fallbacks into account for the cookie, not for what is in it."""
    app = App(alice)
    sign_in(client)
    client.post(AUTHENTICATE, {"code": app.code()})
    client.post("/accounts/2fa/trust/", {"action": "trust"})
    steps = follow("SECRET_KEY")
    next(steps), next(steps)
    assert client.get("/account/").status_code == 200
    client.post("/accounts/logout/")
    assert sign_in(client).url == AUTHENTICATE


def test_signed_links_work_until_the_old_key_goes(follow, client, alice):
    waiting("ann")
    leave = links.leave_url("ann@example.com").removeprefix("http://127.0.0.1:8000")
    confirm = links.confirm_url("ann@example.com", None).removeprefix("http://127.0.0.1:8000")
    client.post(RESET, {"email": alice.email})
    reset = mailed_link()
    found = [
        [client.get(link, follow=True).status_code for link in (leave, confirm)]
        + ["reset_password_from_key" in client.get(reset, follow=True).text]
        for _ in follow("SECRET_KEY")
    ]
    assert [each[:2] for each in found] == [[200, 200], [200, 200], [404, 404]]


def test_what_is_encrypted_can_be_read_at_every_step(follow, alice, settings):
    app, codes = App(alice), recovery_codes(alice)
    account = SocialAccount.objects.create(user=alice, provider="github", uid="1")
    token = SocialToken.objects.create(account=account, token="given")
    settings.MAIL_DELIVERY = "worker"
    mail = queue(EmailMessage("Hello", "and more", to=["alice@example.com"]))
    for step, _ in enumerate(follow("ENCRYPTION_SECRETS")):
        token.refresh_from_db()
        mail.refresh_from_db()
        assert (token.token, "and more" in mail.text()) == ("given", True)
        sign_in(browser := Client())
        browser.post(AUTHENTICATE, {"code": codes[step] if step else app.code()})
        browser.post("/accounts/2fa/trust/", {"action": "skip"})
        assert is_signed_in(browser)
    settings.ENCRYPTION_SECRETS = [OLD]
    for data in Session.objects.values_list("session_data", flat=True):
        with pytest.raises(InvalidToken):
            decrypt(data)
