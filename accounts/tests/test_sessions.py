"""A session is one row: read with its user in one statement, written only when it changes."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth import SESSION_KEY, update_session_auth_hash
from django.contrib.sessions.backends.base import UpdateError
from django.core import signing
from django.core.management import call_command
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone

from accounts import sessions
from accounts.models import Session, User
from accounts.sessions import SessionStore
from config.cast import PASSWORD
from config.tests.at_once import at_once
from config.urls import urlpatterns as real_urlpatterns

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

COOKIE = settings.SESSION_COOKIE_NAME


def who(request):
    """A page that needs to know who asks, and nothing else."""
    return HttpResponse(request.user.name if request.user.is_authenticated else "nobody")


def remember(request):
    request.session["remembered"] = request.GET.get("what")
    return HttpResponse(request.user.name if request.user.is_authenticated else "nobody")


def interrupted(request):
    """Another request deletes the row while this one works on it."""
    request.session["remembered"] = "something"
    Session.objects.all().delete()
    return HttpResponse()


def ended(request):
    """Another request signs the device out while this one only reads."""
    response = who(request)
    Session.objects.all().delete()
    return response


def taken(request):
    """Another request renews the key while this one only reads."""
    response = who(request)
    Session.objects.update(session_key="taken by the other")
    return response


def renewed(request):
    """Another request changes the password in the same browser while this one does."""
    assert request.user.is_authenticated
    Session.objects.update(session_key="taken by the other")
    update_session_auth_hash(request, request.user)
    return HttpResponse()


urlpatterns = [
    path("who/", who),
    path("remember/", remember),
    path("interrupted/", interrupted),
    path("renewed/", renewed),
    path("ended/", ended),
    path("taken/", taken),
    *real_urlpatterns,
]


def sign_in(client, email="alice@example.com", **headers):
    response = client.post("/accounts/login/", {"login": email, "password": PASSWORD}, **headers)
    assert response.status_code == 302
    return client


@pytest.fixture
def signed_in(client, alice):
    return sign_in(client, HTTP_USER_AGENT="Firefox", REMOTE_ADDR="192.0.2.7")


@pytest.fixture
def used():
    """Let the only session have been used a while ago; return it."""

    def use(ago=timedelta(hours=1), **changes):
        Session.objects.update(last_seen=timezone.now() - ago, **changes)
        return Session.objects.get()

    return use


def test_session_and_user_are_read_in_one_statement(signed_in, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert signed_in.get("/who/").content == b"Alice Example"


def test_a_visitor_without_a_session_costs_no_statement(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/who/")


def test_a_page_that_only_reads_writes_nothing(signed_in):
    before = Session.objects.values().get()
    signed_in.get("/who/")
    assert Session.objects.values().get() == before


def test_when_a_device_was_last_seen_is_written_once_a_minute(
    signed_in, used, django_assert_num_queries
):
    before = used(ago=timedelta(seconds=61))
    with django_assert_num_queries(2):
        assert not signed_in.get("/who/").cookies
    after = Session.objects.get()
    assert after.last_seen > before.last_seen
    assert (after.session_data, after.expire_date) == (before.session_data, before.expire_date)
    with django_assert_num_queries(1):
        signed_in.get("/who/")


def test_use_makes_a_session_last_14_days_more_at_most_once_a_day(signed_in, used):
    used(expire_date=timezone.now() + timedelta(days=13, hours=1))
    assert not signed_in.get("/who/").cookies
    used(expire_date=timezone.now() + timedelta(days=12, hours=23))
    cookie = signed_in.get("/who/").cookies[COOKIE]
    assert cookie.value == signed_in.cookies[COOKIE].value
    assert 14 * 86400 - 5 < cookie["max-age"] <= 14 * 86400
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert Session.objects.get().expire_date > timezone.now() + timedelta(days=13, hours=23)


def test_use_does_not_move_an_end_that_was_set(signed_in, used):
    end = timezone.now() + timedelta(hours=2)
    store = signed_in.session
    store.set_expiry(end)
    store.save()
    used()
    assert not signed_in.get("/who/").cookies
    assert Session.objects.get().expire_date == end


def test_use_brings_no_deleted_session_back(signed_in, used):
    used()
    assert signed_in.get("/ended/").content == b"Alice Example"
    assert not Session.objects.exists()


def test_use_tells_the_browser_no_key_that_was_renewed_meanwhile(signed_in, used):
    used(expire_date=timezone.now() + timedelta(days=1))
    assert not signed_in.get("/taken/").cookies


def test_a_database_that_takes_no_writes_costs_no_page(signed_in, used):
    used()

    def read_only(execute, sql, *args):
        if sql.startswith("UPDATE"):
            raise OperationalError("cannot execute UPDATE in a read-only transaction")
        return execute(sql, *args)

    with connection.execute_wrapper(read_only):
        assert signed_in.get("/who/").content == b"Alice Example"


def test_what_a_session_says_is_encrypted_with_secrets_that_can_be_exchanged(signed_in, settings):
    signed_in.get("/remember/?what=a-pending-code")
    with pytest.raises(signing.BadSignature):
        signing.loads(Session.objects.get().session_data, salt=SessionStore().key_salt)
    old = settings.ENCRYPTION_SECRETS
    settings.ENCRYPTION_SECRETS = ["new", *old]
    assert signed_in.session["remembered"] == "a-pending-code"
    settings.ENCRYPTION_SECRETS = ["new"]
    assert signed_in.get("/who/").content == b"nobody"


def test_sign_in_records_the_person_the_address_and_the_browser(signed_in, alice):
    session = Session.objects.get()
    assert (session.user, session.ip, session.user_agent) == (alice, "192.0.2.7", "Firefox")


def test_the_database_holds_a_hash_that_lets_nobody_in(signed_in):
    session = Session.objects.get()
    assert signed_in.cookies[COOKIE].value not in (session.session_key, session.session_data)
    thief = Client()
    thief.cookies[COOKIE] = session.session_key
    assert thief.get("/who/").content == b"nobody"


def test_saving_never_resets_when_and_where_a_session_began(signed_in):
    before = Session.objects.get()
    signed_in.get("/remember/?what=this", HTTP_USER_AGENT="Other", REMOTE_ADDR="192.0.2.99")
    after = Session.objects.get()
    assert signed_in.session["remembered"] == "this"
    assert (after.pk, after.created, after.ip, after.user_agent) == (
        before.pk,
        before.created,
        "192.0.2.7",
        "Firefox",
    )
    assert after.last_seen > before.last_seen


def test_the_key_changes_at_sign_in(client, alice):
    client.get("/remember/?what=planted")
    planted = client.cookies[COOKIE].value
    sign_in(client)
    assert client.cookies[COOKIE].value != planted
    thief = Client()
    thief.cookies[COOKIE] = planted
    assert thief.get("/who/").content == b"nobody"
    assert Session.objects.count() == 1


def test_signing_in_as_somebody_else_takes_nothing_along(signed_in, bob):
    signed_in.get("/remember/?what=private")
    signed_in.post("/accounts/logout/")
    sign_in(signed_in, "bob@example.com")
    assert signed_in.get("/who/").content == b"Bob Example"
    assert "remembered" not in signed_in.session


def test_a_new_password_keeps_this_device_and_signs_the_others_out(signed_in, alice):
    other = sign_in(Client())
    before = Session.objects.earliest("id")
    key = signed_in.cookies[COOKIE].value
    new = "blue-river-2027"
    signed_in.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
        HTTP_USER_AGENT="Other",
    )
    assert signed_in.get("/who/").content == b"Alice Example"
    assert other.get("/who/").content == b"nobody"
    assert signed_in.cookies[COOKIE].value != key
    after = Session.objects.get()
    assert (after.pk, after.created, after.user_agent) == (before.pk, before.created, "Firefox")


def test_deleting_the_row_signs_the_device_out(signed_in):
    Session.objects.all().delete()
    assert signed_in.get("/who/").content == b"nobody"


def test_deleting_the_person_deletes_their_sessions(signed_in, alice, bob):
    sign_in(Client(), "bob@example.com")
    alice.delete()
    assert [session.user for session in Session.objects.all()] == [bob]
    assert signed_in.get("/who/").content == b"nobody"


def test_a_person_switched_off_is_signed_out_at_once(signed_in, alice):
    alice.is_active = False
    alice.save()
    assert signed_in.get("/who/").content == b"nobody"


def test_signing_out_deletes_the_row_and_takes_a_post(signed_in):
    assert signed_in.get("/accounts/logout/").status_code == 200
    assert Session.objects.exists()
    signed_in.post("/accounts/logout/")
    assert not Session.objects.exists()
    assert signed_in.get("/who/").content == b"nobody"


def test_signing_out_clears_what_the_browser_kept_but_not_its_trust(signed_in):
    signed_in.cookies["trusted"] = "device"
    response = signed_in.post("/accounts/logout/")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert set(response.cookies) <= {COOKIE, "messages"}
    assert "Clear-Site-Data" not in signed_in.get("/").headers
    assert "Clear-Site-Data" not in sign_in(signed_in).get("/who/").headers


def test_an_expired_session_counts_for_nothing_and_is_cleared_away(signed_in, bob):
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    sign_in(Client(), "bob@example.com")
    assert signed_in.get("/who/").content == b"nobody"
    call_command("clearsessions")
    assert [session.user for session in Session.objects.all()] == [bob]


def test_expired_sessions_are_deleted_a_few_at_a_time(
    alice, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(sessions, "BATCH", 2)
    past = timezone.now() - timedelta(days=1)
    Session.objects.bulk_create(
        Session(session_key=f"{n}", user=alice, expire_date=past) for n in range(5)
    )
    with django_assert_num_queries(4 + 3):
        call_command("clearsessions")
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    "end",
    [
        lambda alice, olivia: alice.delete(),
        lambda alice, olivia: alice.ban(by=olivia, reason="Spam"),
        lambda alice, olivia: alice.deactivate(by=olivia),
        lambda alice, olivia: alice.change_role("staff", by=olivia),
        lambda alice, olivia: User.objects.filter(pk=alice.pk).update(banned_at=timezone.now()),
        lambda alice, olivia: User.objects.filter(pk=alice.pk).update(is_active=False),
    ],
    ids=["deleted", "banned", "deactivated", "role", "banned by SQL", "switched off by SQL"],
)
def test_whoever_may_no_longer_in_gets_the_sign_in_page(signed_in, alice, olivia, end):
    end(alice, olivia)
    login = "/accounts/login/?next=/account/"
    assert signed_in.get("/account/").headers["Location"] == login
    assert signed_in.post("/account/profile/", {"name": "x"}).status_code == 302
    assert signed_in.get("/accounts/login/").status_code == 200


@pytest.mark.parametrize(
    "page", ["/admin/", "/admin/accounts/user/", "/admin/nowhere/", "/o/nowhere/", "/o/acme/"]
)
@pytest.mark.parametrize("name", ["alice", "olivia"])
def test_signed_in_pages_are_kept_nowhere(client, acme, olivia, name, page):
    client.force_login(User.objects.get(email=f"{name}@example.com"))
    control = client.get(page).headers["Cache-Control"]
    assert {"private", "no-store"} <= {part.strip() for part in control.split(",")}


def test_a_session_deleted_during_a_request_is_a_bad_request(signed_in):
    assert signed_in.get("/interrupted/").status_code == 400


def test_a_session_renewed_twice_at_once_is_a_bad_request(signed_in):
    assert signed_in.get("/renewed/").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_person_deleted_while_they_sign_in_is_a_bad_request(client, alice):
    store = SessionStore()
    store[SESSION_KEY] = str(alice.pk)
    alice.delete()
    with pytest.raises(UpdateError):
        store.save()


@pytest.mark.parametrize(
    "key",
    ["x", "x" * 32, "x" * 100_000, "a\0b" * 20, "🦊" * 20, "\udcff" * 20, "' OR 1=1 --", ""],
    ids=["short", "unknown", "long", "nul", "emoji", "surrogate", "sql", "empty"],
)
def test_a_made_up_key_is_nobody(client, key):
    assert SessionStore(key).get(SESSION_KEY) is None
    raw = f"{COOKIE}={key}".encode(errors="surrogateescape").decode("latin-1")
    assert client.get("/who/", HTTP_COOKIE=raw).content == b"nobody"


def test_tampered_session_data_is_nobody(signed_in):
    Session.objects.update(session_data="tampered")
    assert signed_in.get("/who/").content == b"nobody"


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_share_one_session(client, alice):
    sign_in(client)

    def request():
        mine = Client()
        mine.cookies[COOKIE] = client.cookies[COOKIE].value
        return mine.get("/remember/?what=this").content

    assert at_once(*[request] * 16) == [b"Alice Example"] * 16
    assert Session.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_signing_out_in_one_tab_while_others_post_and_renew_is_no_error(client, alice):
    sign_in(client)
    new = {"oldpassword": PASSWORD, "password1": "blue-river-2027", "password2": "blue-river-2027"}

    def tab(path, form=None):
        mine = Client()
        mine.cookies[COOKIE] = client.cookies[COOKIE].value
        return lambda: mine.post(path, form).status_code

    calls = [
        tab("/accounts/logout/"),
        tab("/remember/?what=this"),
        tab("/accounts/password/change/", new),
        tab("/accounts/password/change/", new),
        tab("/account/devices/end/"),
        tab("/remember/?what=that"),
    ]
    assert set(at_once(*calls)) <= {200, 302, 400}
    assert client.get("/who/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_async_methods_work_alike(alice):
    async def drive():
        store = SessionStore()
        await store.aset(SESSION_KEY, str(alice.pk))
        await store.asave()
        key = store.session_key
        await store.acycle_key()
        await store.asave()
        assert store.session_key != key
        assert await SessionStore(store.session_key).aget(SESSION_KEY) == str(alice.pk)
        assert not await store.aexists(key)
        await store.aflush()

    async_to_sync(drive)()
    assert not Session.objects.exists()


def test_signing_out_everywhere_spares_the_device_named_and_takes_two_statements(
    signed_in, alice, bob, django_assert_num_queries
):
    others = [sign_in(Client()), sign_in(Client(), "bob@example.com")]
    mine = Session.objects.get(session_key=Session.hash_of(signed_in.session.session_key))
    Session.objects.create(
        session_key="acting as Bob",
        user=bob,
        impersonated_by=alice,
        parent=Session.objects.filter(user=alice).exclude(pk=mine.pk).get(),
        expire_date=timezone.now() + timedelta(hours=1),
    )
    but = signed_in.session
    with django_assert_num_queries(2):
        alice.sign_out_everywhere(but=but)
    assert list(alice.sessions.all()) == [mine]
    assert not Session.objects.filter(impersonated_by=alice).exists()
    assert [client.get("/who/").content for client in others] == [b"nobody", b"Bob Example"]
    alice.sign_out_everywhere()
    assert signed_in.get("/who/").content == b"nobody"
