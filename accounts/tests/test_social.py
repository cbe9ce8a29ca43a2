"""Accounts elsewhere: which providers there are, whose word counts, and what happens to rubbish."""

import json
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from django.core import mail
from django.db import DataError, connection
from django.test import Client, RequestFactory
from jwt import encode

from accounts import limits
from accounts.models import User
from accounts.signup import admit
from accounts.social.adapter import SocialAccountAdapter
from accounts.tests.elsewhere import leave
from accounts.tests.people import CODE, is_signed_in, sign_in
from config import providers
from config.env import SettingError
from config.tests.at_once import at_once

SIGNUP = "/accounts/3rdparty/signup/"
CONNECTIONS = "/accounts/3rdparty/"

pytestmark = pytest.mark.django_db


class Site:
    """A server that answers what it is told: {path: JSON, or bytes}."""

    def __init__(self):
        answers = self.answers = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                answer = answers[urlsplit(self.path).path]
                body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture(scope="module")
def running_site():
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture
def site(running_site, monkeypatch, settings):
    """A server in the place of Google, GitHub, Microsoft and an OpenID Connect provider."""
    url = running_site.url
    for name in ("GOOGLE", "GITHUB", "MICROSOFT", "OIDC"):
        monkeypatch.setenv(f"{name}_CLIENT_ID", "us")
        monkeypatch.setenv(f"{name}_CLIENT_SECRET", "a-secret")
    monkeypatch.setenv("OIDC_ISSUER", url)
    settings.SOCIALACCOUNT_PROVIDERS = providers.configured("test")
    [microsoft] = settings.SOCIALACCOUNT_PROVIDERS["microsoft"]["APPS"]
    microsoft["settings"] |= {"login_url": url, "graph_url": url}
    monkeypatch.setattr(GoogleOAuth2Adapter, "access_token_url", f"{url}/token")
    monkeypatch.setattr(GitHubOAuth2Adapter, "access_token_url", f"{url}/token")
    monkeypatch.setattr(GitHubOAuth2Adapter, "profile_url", f"{url}/user")
    monkeypatch.setattr(GitHubOAuth2Adapter, "emails_url", f"{url}/user/emails")
    token = {"access_token": "an-access-token", "token_type": "bearer"}
    discovered = {
        "issuer": url,
        "authorization_endpoint": f"{url}/authorize",
        "token_endpoint": f"{url}/token",
        "userinfo_endpoint": f"{url}/userinfo",
        "jwks_uri": f"{url}/keys",
    }
    running_site.answers.clear()
    running_site.answers |= {
        "/token": token,
        "/common/oauth2/v2.0/token": token,
        "/.well-known/openid-configuration": discovered,
    }
    return running_site


@pytest.fixture
def github(site):
    """Return a function that signs in as somebody who has these addresses at GitHub."""

    def sign_in_with_github(client, *emails, name="Erin Example", **form):
        site.answers["/user"] = {"id": 7, "login": "erin", "name": name, "email": None}
        site.answers["/user/emails"] = [
            {"email": email, "primary": primary, "verified": verified}
            for email, primary, verified in emails
        ]
        return come_back(client, "github", **form)

    return sign_in_with_github


@pytest.fixture
def google(site):
    """Return a function that signs in as whom Google's ID token claims."""

    def sign_in_with_google(client, **claims):
        claims = {"sub": "7", "name": "Erin", "email_verified": True} | claims
        site.answers["/token"] = site.answers["/token"] | {
            "id_token": id_token("https://accounts.google.com", claims)
        }
        return come_back(client, "google")

    return sign_in_with_google


@pytest.fixture
def oidc(site):
    """Return a function that signs in as whom the ID token and the userinfo claim."""

    def sign_in_with_oidc(client, claims, userinfo, **form):
        site.answers["/token"] = site.answers["/token"] | {"id_token": id_token(site.url, claims)}
        site.answers["/userinfo"] = userinfo
        return come_back(client, "oidc", **form)

    return sign_in_with_oidc


def id_token(issuer, claims):
    claims = {"iss": issuer, "aud": "us", "exp": 4_000_000_000} | claims
    return encode(claims, "a-key-that-is-as-long-as-it-has-to-be", "HS256")


def come_back(client, provider, **form):
    """Leave for the provider and come back with a code; return our answer."""
    there = leave(client, f"/accounts/{provider}/login/", **form)
    [state] = parse_qs(urlsplit(there).query)["state"]
    back = {"code": "a-code", "state": state}
    return client.get(f"/accounts/{provider}/login/callback/", back)


def is_refused(response):
    """Whether this is the clear page, and nobody was made or signed in."""
    return (
        response.status_code == 401
        and "could not confirm who you are" in response.text
        and not User.objects.exists()
    )


# Which providers there are


def test_without_variables_no_provider_is_offered(client, alice):
    assert "Continue with" not in client.get("/accounts/login/").text
    sign_in(client)
    assert "Connect another one" not in client.get(CONNECTIONS).text


def test_each_configured_provider_has_a_button(client, site, alice):
    for url in ("/accounts/login/", "/accounts/signup/"):
        page = client.get(url).text
        for name in ("Google", "GitHub", "Microsoft", "single sign-on"):
            assert f"Continue with {name}" in " ".join(page.split())
    sign_in(client)
    assert "Connect GitHub" in " ".join(client.get(CONNECTIONS).text.split())


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"GITHUB_CLIENT_ID": "us"},
            "GITHUB_CLIENT_SECRET is not set, and GITHUB_CLIENT_ID is of no use without it.",
        ),
        (
            {"OIDC_CLIENT_ID": "us", "OIDC_CLIENT_SECRET": "a-secret"},
            "OIDC_ISSUER is not set, and OIDC_CLIENT_ID is of no use without it.",
        ),
        (
            {"OIDC_CLIENT_ID": "us", "OIDC_CLIENT_SECRET": "s", "OIDC_ISSUER": "http://id.example"},
            "OIDC_ISSUER is 'http://id.example'; it must be an address with https://.",
        ),
    ],
)
def test_half_a_provider_stops_the_start(monkeypatch, variables, sentence):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as error:
        providers.configured("production")
    assert str(error.value) == sentence


def test_a_row_in_the_database_makes_no_provider(client, alice):
    SocialApp.objects.create(provider="github", name="GitHub", client_id="them", secret="theirs")
    assert "GitHub" not in client.get("/accounts/login/").text
    assert client.post("/accounts/github/login/").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "google/login/",
        "google/login/callback/?code=x&state=y",
        "google/login/token/",
        "oidc/login/",
        "oidc/other/login/",
        "oidc/login/callback/",
        "nowhere/login/",
        "nowhere/login/callback/",
    ],
)
def test_unknown_provider_is_not_found(client, path):
    assert client.get(f"/accounts/{path}").status_code == 404
    assert client.post(f"/accounts/{path}").status_code == 404


# On the way there


def test_a_visitor_sets_out_thirty_times_a_minute(client, site):
    limits.count_most("provider", "127.0.0.1", 30, 60, tries=29)
    answers = [client.post("/accounts/github/login/").status_code for _ in range(2)]
    assert answers == [200, 429]
    assert client.get("/accounts/github/login/").status_code == 200


def test_a_link_goes_nowhere_without_the_button(client, site):
    page = client.get("/accounts/github/login/")
    assert "Continue with GitHub" in page.text
    assert "refresh" not in page.text


@pytest.mark.parametrize("provider", ["google", "github", "microsoft", "oidc"])
def test_each_provider_is_asked_for_little_and_with_pkce(client, site, provider):
    there = leave(client, f"/accounts/{provider}/login/?scope=repo,admin&auth_params=prompt%3Dnone")
    asked = parse_qs(urlsplit(there).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"]
    assert set(asked["scope"][0].split()) <= {
        "openid",
        "profile",
        "email",
        "user:email",
        "User.Read",
    }
    assert "prompt" not in asked
    assert asked["redirect_uri"] == [f"http://testserver/accounts/{provider}/login/callback/"]


def test_the_way_to_a_provider_needs_no_hole_in_the_content_security_policy(client, site):
    page = client.post("/accounts/github/login/")
    assert "form-action 'self';" in page.headers["Content-Security-Policy"] + ";"
    assert page.status_code == 200  # a redirect would be stopped by form-action


def test_next_stays_on_this_site(client, github):
    address = ("erin@example.com", True, True)
    assert github(client, address, next="https://evil.example/").url == "/organizations/last/"


# Whose word counts


def test_tokens_cannot_be_read_in_the_table_however_they_are_written(client, github):
    github(client, ("erin@example.com", True, True))
    token = SocialToken.objects.get()
    SocialToken.objects.update(token="updated", token_secret="")
    SocialToken.objects.bulk_create([SocialToken(account=token.account, token="in-bulk")])
    with connection.cursor() as cursor:
        cursor.execute("SELECT token, token_secret FROM socialaccount_socialtoken")
        stored = str(cursor.fetchall())
    assert "updated" not in stored
    assert "in-bulk" not in stored
    assert {row.token for row in SocialToken.objects.all()} == {"updated", "in-bulk"}


def test_the_admin_shows_no_token(operator, github):
    github(Client(), ("erin@example.com", True, True))
    token = SocialToken.objects.get()
    for page in ("", f"{token.pk}/change/"):
        shown = operator.get(f"/admin/socialaccount/socialtoken/{page}")
        assert shown.status_code == 200
        assert token.token not in shown.text


def test_a_token_of_a_lost_secret_keeps_nobody_out(client, github, settings):
    github(client, ("erin@example.com", True, True))
    settings.ENCRYPTION_SECRETS = ["another"]
    assert SocialToken.objects.get().token == ""
    github(again := Client(), ("erin@example.com", True, True))
    assert is_signed_in(again)
    assert SocialToken.objects.get().token == "an-access-token"


def test_of_many_addresses_the_first_that_was_checked_is_taken(client, github):
    addresses = [
        ("old@example.com", False, True),
        ("erin@example.com", True, True),
        ("claimed@example.com", False, False),
    ]
    github(client, *addresses)
    assert [*EmailAddress.objects.values_list("email", "verified")] == [("erin@example.com", True)]


@pytest.mark.parametrize(("provider", "role"), [("github", "user"), ("oidc", "staff")])
def test_a_role_by_address_needs_a_provider_that_knows_whose_it_is_today(
    client, github, oidc, settings, provider, role
):
    settings.PLATFORM_ROLES = {"example.com": "staff"}
    if provider == "github":
        github(client, ("erin@example.com", True, True))
    else:
        claims = {"sub": "7", "name": "Erin", "email": "erin@example.com", "email_verified": True}
        oidc(client, claims, claims)
    assert is_signed_in(client)
    assert User.objects.get().role == role


def test_github_does_not_open_an_account_that_it_is_not_connected_to(client, github, alice):
    page = github(client, (alice.email, True, True))
    assert "You have an account already" in page.text
    assert not is_signed_in(client)
    assert not SocialAccount.objects.exists()

    sign_in(client)
    github(client, (alice.email, True, True), process="connect")
    github(other := Client(), (alice.email, True, True))
    assert is_signed_in(other)


@pytest.mark.parametrize(
    ("claims", "opens"),
    [
        ({"email": "alice@example.com"}, False),
        ({"email": "alice@example.com", "hd": "example.com"}, True),
        ({"email": "alice@gmail.com"}, True),
        ({"email": "alice@gmail.com", "email_verified": False}, False),
    ],
)
def test_google_opens_the_account_of_a_mailbox_that_it_runs(client, google, alice, claims, opens):
    EmailAddress.objects.update(email=claims["email"])
    User.objects.update(email=claims["email"])
    google(client, **claims)
    assert is_signed_in(client) == SocialAccount.objects.exists() == opens


def test_microsofts_addresses_are_only_claims(client, site, alice):
    """Anybody may write any address into a directory of their own."""
    claim = {"id": "7", "displayName": "Mallory", "givenName": "Mallory", "mail": alice.email}
    site.answers["/v1.0/me"] = claim
    assert come_back(client, "microsoft").url == SIGNUP
    form = {"name": "Mallory", "email": alice.email}
    assert client.post(SIGNUP, form).url == CODE
    assert "There is one already" in mail.outbox[-1].body
    assert not is_signed_in(client)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("verified", ["false", "no", None, 1])
def test_only_true_means_checked(client, oidc, alice, verified):
    told = {"sub": "7", "name": "M", "email": alice.email, "email_verified": verified}
    assert oidc(client, {"sub": "7"}, told).url == SIGNUP
    assert not is_signed_in(client)


def test_userinfo_of_somebody_else_is_refused(client, oidc, alice):
    told = {"sub": "8", "email": alice.email, "email_verified": True}
    assert oidc(client, {"sub": "7"}, told).status_code == 401
    assert not is_signed_in(client)
    assert not SocialAccount.objects.exists()


def test_an_address_is_stored_as_everywhere(client, github):
    github(client, ("  Erin+TAG@EXAMPLE.com".strip(), True, True))
    assert User.objects.get().email == "erin+tag@example.com"


@pytest.mark.parametrize("name", [None, "", "\0", "\ud800", "​", "E" * 101, 7, ["E"]])
def test_a_name_that_nobody_may_have_is_asked_for(client, github, name):
    assert github(client, ("erin@example.com", True, True), name=name).url == SIGNUP
    client.post(SIGNUP, {"name": "Erin"})
    assert User.objects.get().name == "Erin"


def test_the_page_of_connected_accounts_lives_on_without_the_provider(client, github, settings):
    github(client, ("erin@example.com", True, True))
    settings.SOCIALACCOUNT_PROVIDERS = {}
    page = client.get(CONNECTIONS)
    assert "No account elsewhere opens this one yet." in page.text


def test_another_issuer_is_another_set_of_people(client, oidc, site):
    told = {"sub": "7", "name": "Erin", "email": "erin@example.com", "email_verified": True}
    oidc(client, {"sub": "7"}, told)
    site.answers["/.well-known/openid-configuration"]["issuer"] = "https://other.example.com"
    oidc(
        Client(),
        {"sub": "7", "iss": "https://other.example.com"},
        told | {"email": "frank@example.com"},
    )
    assert User.objects.count() == SocialAccount.objects.count() == 2


def test_connecting_an_account_with_somebody_elses_address_connects_it_to_mine(
    client, oidc, alice, bob
):
    told = {"sub": "7", "name": "Bob", "email": bob.email, "email_verified": True}
    sign_in(client)
    oidc(client, {"sub": "7"}, told, process="connect")
    assert SocialAccount.objects.get().user == alice


def test_connecting_undoes_nothing_that_happened_meanwhile(client, github, alice, monkeypatch):
    """allauth saves the whole person, so nobody may read them before the provider has answered."""
    sign_in(client)
    ask = GitHubOAuth2Adapter.get_emails

    def ask_slowly(*args):
        User.objects.update(name="Renamed meanwhile")
        return ask(*args)

    monkeypatch.setattr(GitHubOAuth2Adapter, "get_emails", ask_slowly)
    github(client, ("erin@example.com", True, True), process="connect")
    assert SocialAccount.objects.get().user == alice
    assert User.objects.get().name == "Renamed meanwhile"


def test_a_sign_up_that_fails_half_way_leaves_nothing(client, github, monkeypatch):
    monkeypatch.setattr("allauth.socialaccount.models.setup_user_email", fail)
    assert is_refused(github(client, ("erin@example.com", True, True)))
    assert not SocialAccount.objects.exists()


def fail(*args):
    raise DataError


@pytest.mark.django_db(transaction=True)
def test_first_sign_ins_at_the_same_moment_make_one_person(github, monkeypatch):
    visitors = [Client() for _ in range(3)]
    is_open = SocialAccountAdapter.is_open_for_signup
    together = Barrier(len(visitors))

    def wait_for_the_others(*args):
        """Between looking for the account and making it."""
        together.wait(timeout=60)
        return is_open(*args)

    monkeypatch.setattr(SocialAccountAdapter, "is_open_for_signup", wait_for_the_others)
    address = ("erin@example.com", True, True)
    answers = at_once(*(partial(github, visitor, address) for visitor in visitors))

    assert [answer.status_code for answer in answers] == [302, 302, 302]
    assert all(map(is_signed_in, visitors))
    assert User.objects.count() == SocialAccount.objects.count() == 1
    assert SocialToken.objects.count() == EmailAddress.objects.count() == 1


# Who may sign up


@pytest.fixture(params=["invitation", "waitlist"])
def closed(request, settings):
    """Where nobody signs up without a pass."""
    settings.SIGNUP_MODE = request.param
    return request.param


@pytest.fixture
def invited(client, closed, settings):
    """A visitor with a pass for erin@example.com."""
    request = RequestFactory().get("/")
    request.session = client.session
    admit(request, "erin@example.com")
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key
    return client


def test_without_a_pass_nobody_signs_up_where_it_takes_one(client, github, closed):
    page = github(client, ("erin@example.com", True, True))
    assert page.status_code == 200
    assert not User.objects.exists()
    assert "erin@example.com" not in page.text
    assert ('href="/waitlist/"' in page.text) is (closed == "waitlist")


def test_a_pass_for_the_providers_address_signs_up_with_it(invited, github):
    github(invited, ("other@example.com", True, True), ("erin@example.com", False, True))
    assert is_signed_in(invited)
    assert User.objects.get().email == EmailAddress.objects.get().email == "erin@example.com"


def test_a_pass_for_another_address_does_not(invited, github):
    github(invited, ("other@example.com", True, True))
    assert not User.objects.exists()


def test_a_pass_proves_what_the_provider_only_claims(invited, site):
    site.answers["/v1.0/me"] = {"id": "7", "givenName": "Erin", "mail": "erin@example.com"}
    come_back(invited, "microsoft")
    assert is_signed_in(invited)
    assert EmailAddress.objects.get().verified


def test_a_pass_gives_nobody_its_address_who_signs_up_with_another(invited, github, settings):
    settings.SIGNUP_MODE = "open"
    github(invited, ("other@example.com", True, True))
    assert is_signed_in(invited)
    assert [*EmailAddress.objects.values_list("email", flat=True)] == ["other@example.com"]


# Rubbish


def test_a_provider_that_is_down_gets_a_clear_page(client, site, monkeypatch, settings):
    site.server.socket.getsockname()
    [app] = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    app["settings"]["server_url"] = "http://127.0.0.1:1"
    assert is_refused(client.post("/accounts/oidc/login/"))


def test_a_provider_that_goes_down_on_the_way_gets_a_clear_page(client, site, settings):
    there = leave(client, "/accounts/github/login/")
    [state] = parse_qs(urlsplit(there).query)["state"]
    site.answers.clear()  # it hangs up
    assert is_refused(client.get("/accounts/github/login/callback/", {"code": "x", "state": state}))


@pytest.mark.parametrize("answer", [b"<html>", b"", [], {}, {"issuer": 7}, None, "text"])
def test_a_description_that_is_rubbish_gets_a_clear_page(client, site, answer):
    site.answers["/.well-known/openid-configuration"] = answer
    assert is_refused(client.post("/accounts/oidc/login/"))


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        [],
        {},
        {"access_token": None},
        {"access_token": "a", "expires_in": "soon"},
        {"access_token": "a", "id_token": "not.a.token"},
        {"access_token": "a", "id_token": 7},
    ],
)
def test_a_token_that_is_rubbish_gets_a_clear_page(client, oidc, site, answer):
    there = leave(client, "/accounts/oidc/login/")
    [state] = parse_qs(urlsplit(there).query)["state"]
    site.answers |= {"/token": answer, "/userinfo": {"sub": "7"}}
    assert is_refused(client.get("/accounts/oidc/login/callback/", {"code": "x", "state": state}))


@pytest.mark.parametrize(
    "userinfo",
    [
        b"<html>",
        [],
        {},
        None,
        {"sub": None},
        {"sub": "8"},
        {"sub": "7" * 300},
        {"sub": "\0"},
        {"sub": "\ud800"},
    ],
)
def test_userinfo_that_is_rubbish_gets_a_clear_page(client, oidc, userinfo):
    subject = userinfo.get("sub") if isinstance(userinfo, dict) else "7"
    claims = {"sub": "7" if subject == "8" or not isinstance(subject, str) else subject}
    assert is_refused(oidc(client, claims, userinfo))


@pytest.mark.parametrize("emails", [None, "text", [7], [{"email": "a@b.example"}], {"a": "b"}])
def test_addresses_that_are_rubbish_get_a_clear_page(client, site, emails):
    site.answers |= {"/user": {"id": 7}, "/user/emails": emails}
    response = come_back(client, "github")
    assert is_refused(response) or response.url == SIGNUP


@pytest.mark.parametrize(
    "email", ["no address", "e@x", f"{'e' * 300}@example.com", "\0@example.com", "\ud800@e.example"]
)
def test_an_address_that_is_none_is_asked_for(client, github, email):
    assert github(client, (email, True, True)).url == SIGNUP
    assert not User.objects.exists()
