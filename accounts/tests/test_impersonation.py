"""Acting as somebody else: one hour, with a reason, in sight, never upward, and all of it told."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone

from accounts import impersonation
from accounts.events import Event
from accounts.models import Session, User
from accounts.signin.reauthentication import CONFIRMED_AT
from accounts.tests.people import sign_in
from accounts.verbs import Verb
from config.cast import PASSWORD
from config.tests.at_once import at_once
from config.urls import urlpatterns as real_urlpatterns

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

COOKIE = impersonation.COOKIE
STOP = "/account/impersonation/stop/"


def begin(request, email):
    """What the admin's page does with its form."""
    try:
        impersonation.start(request, User.objects.get(email=email), reason=request.POST["reason"])
    except ValidationError as error:
        return HttpResponse(error.message, status=422)
    return HttpResponse("begun")


def who(request):
    return HttpResponse(request.user.name if request.user.is_authenticated else "nobody")


def remember(request):
    request.session["remembered"] = "this"
    return who(request)


def told(request):
    """Something that writes an event."""
    Event.record(Verb.SIGNED_UP, by=request.user)
    return HttpResponse()


urlpatterns = [
    path("begin/<email>/", begin),
    path("who/", who),
    path("remember/", remember),
    path("told/", told),
    *real_urlpatterns,
]
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"


def act_as(client, email="alice@example.com", reason="Ticket 42"):
    return client.post(f"/begin/{email}/", {"reason": reason})


def name(client):
    return client.get("/who/").text


@pytest.fixture
def acting(operator, alice):
    """Olivia's browser, in which she acts as Alice."""
    assert act_as(operator).text == "begun"
    return operator


def test_from_the_next_request_on_the_admin_is_the_person(acting, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert name(acting) == "Alice Example"


def test_the_admin_keeps_the_own_session(acting, olivia):
    del acting.cookies[COOKIE]
    assert name(acting) == "Olivia Example"


def test_only_the_device_that_began_it_may_use_the_second_cookie(acting, olivia, bob):
    for person in (None, olivia, bob):
        other = Client()
        if person:
            other.force_login(person)
        other.cookies[COOKIE] = acting.cookies[COOKIE].value
        assert name(other) == (person.name if person else "nobody")


def test_the_key_of_an_impersonation_is_no_session_of_its_own(acting, settings):
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = acting.cookies[COOKIE].value
    assert name(thief) == "nobody"


def test_the_row_says_who_acts_for_how_long_and_from_which_device(acting, alice, olivia):
    row = alice.sessions.get()
    assert (row.impersonated_by, row.parent) == (olivia, olivia.sessions.get())
    assert abs(row.expire_date - row.created - timedelta(hours=1)) < timedelta(seconds=5)
    with pytest.raises(IntegrityError), transaction.atomic():
        Session.objects.filter(pk=row.pk).update(parent=None)


def test_it_ends_after_an_hour_whatever_is_done_meanwhile(acting, alice):
    end = alice.sessions.get().expire_date
    Session.objects.update(last_seen=timezone.now() - timedelta(minutes=5))
    acting.get("/who/")
    acting.get("/remember/")
    assert alice.sessions.get().expire_date == end
    assert alice.sessions.get().last_seen > timezone.now() - timedelta(minutes=1)
    alice.sessions.update(expire_date=timezone.now())
    assert name(acting) == "Olivia Example"
    assert not acting.cookies[COOKIE].value


def test_what_was_sent_as_the_person_is_not_done_as_the_admin(acting, alice):
    alice.sessions.all().delete()
    late = acting.post("/organizations/new/", {"name": "Late", "slug": "late"})
    assert late.status_code == 403
    assert "You act as yourself again" in late.text
    assert name(acting) == "Olivia Example"


def sql(person, **changes):
    """Change somebody past every method that would end sessions."""
    User.objects.filter(pk=person.pk).update(**changes)


ENDS = {
    "admin signed out": lambda alice, olivia, bob: olivia.sessions.all().delete(),
    "admin gone": lambda alice, olivia, bob: olivia.delete(),
    "admin demoted": lambda alice, olivia, bob: sql(olivia, role="staff"),
    "admin switched off": lambda alice, olivia, bob: sql(olivia, is_active=False),
    "admin banned": lambda alice, olivia, bob: sql(olivia, banned_at=timezone.now()),
    "admin's password": lambda alice, olivia, bob: sql(olivia, password="another hash"),
    "device expired": lambda alice, olivia, bob: olivia.sessions.update(expire_date=timezone.now()),
    "device of another": lambda alice, olivia, bob: olivia.sessions.update(user=bob),
    "person banned": lambda alice, olivia, bob: alice.ban(by=olivia, reason="Spam"),
    "person banned by SQL": lambda alice, olivia, bob: sql(alice, banned_at=timezone.now()),
    "person switched off": lambda alice, olivia, bob: sql(alice, is_active=False),
    "person staff": lambda alice, olivia, bob: alice.change_role("staff", by=olivia),
    "person admin by SQL": lambda alice, olivia, bob: sql(alice, role="admin"),
    "person signed out": lambda alice, olivia, bob: alice.sign_out_everywhere(),
    "person gone": lambda alice, olivia, bob: alice.delete(),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_it_ends_with_the_right_to_it(acting, alice, olivia, bob, end):
    sql(bob, role="owner")
    end(alice, olivia, bob)
    assert name(acting) != "Alice Example"


def test_a_device_signed_out_takes_its_impersonation_with_it(acting, olivia):
    olivia.sessions.all().delete()
    assert not Session.objects.exclude(user=None).exists()


@pytest.mark.parametrize(
    ("admin", "person", "allowed"),
    [
        ("user", "user", False),
        ("staff", "user", False),
        ("admin", "user", True),
        ("admin", "staff", False),
        ("admin", "owner", False),
        ("owner", "user", True),
        ("owner", "staff", False),
        ("owner", "admin", False),
    ],
)
def test_admins_act_as_ordinary_people_alone(client, alice, bob, olivia, admin, person, allowed):
    User.objects.filter(pk=alice.pk).update(role=person)
    User.objects.filter(pk=bob.pk).update(role=admin)
    client.force_login(bob)
    assert act_as(client).status_code == (200 if allowed else 403)
    assert alice.sessions.exists() == allowed


def test_nobody_acts_as_themselves_or_as_somebody_who_may_not_sign_in(operator, alice, olivia):
    assert act_as(operator, olivia.email).status_code == 403
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert act_as(operator).status_code == 403
    User.objects.filter(pk=alice.pk).update(is_active=True, banned_at=timezone.now())
    assert act_as(operator).status_code == 403


def test_nobody_acts_through_somebody_they_act_as(acting, bob, olivia):
    assert act_as(acting, "bob@example.com").status_code == 403
    del acting.cookies[COOKIE]
    act_as(acting, "bob@example.com")
    assert [row.user for row in Session.objects.filter(impersonated_by=olivia)] == [bob]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_reason_is_required(operator, alice, reason):
    assert act_as(operator, reason=reason).status_code == 422
    assert not alice.sessions.exists()


def test_a_fresh_sign_in_is_required(operator, alice):
    session = operator.session
    session[CONFIRMED_AT] = 0
    session.save()
    assert act_as(operator).status_code == 302
    assert not alice.sessions.exists()


@pytest.mark.parametrize(
    "page",
    [
        "/account/",
        "/account/confirm/",
        "/accounts/email/",
        "/accounts/login/",
        "/accounts/password/change/",
        "/accounts/reauthenticate/",
        "/accounts/2fa/",
        "/accounts/2fa/reauthenticate/",
        "/admin/",
        "/admin/accounts/user/",
    ],
)
def test_account_security_and_admin_pages_are_closed(acting, page):
    for response in (acting.get(page), acting.post(page)):
        assert response.status_code == 403
        assert STOP in response.text


def test_pages_of_organizations_are_open(acting, acme):
    assert acting.get("/o/acme/").status_code == 200


@pytest.mark.parametrize("page", ["/", "/organizations/new/", "/o/acme/", "/nowhere", "/waitlist/"])
def test_every_page_says_as_whom_one_acts_and_lets_one_stop(acting, acme, page):
    response = acting.get(page)
    assert "You act as <strong>Alice Example</strong> until" in response.text
    assert f'action="{STOP}"' in response.text
    assert {"private", "no-store"} <= set(response.headers["Cache-Control"].split(", "))


def test_nobody_else_sees_the_banner(acting, acme):
    alice = Client()
    sign_in(alice)
    assert STOP not in alice.get("/organizations/").text
    assert STOP not in Client().get("/").text


def test_stopping_leads_back_to_the_persons_page(acting, alice, olivia):
    assert acting.get(STOP).status_code == 405
    assert acting.post(STOP).headers["Location"] == f"/admin/accounts/user/{alice.pk}/change/"
    assert name(acting) == "Olivia Example"
    assert not alice.sessions.exists()
    assert acting.post(STOP).headers["Location"] == "/"


def test_a_forged_request_neither_stops_nor_signs_out(acting):
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = acting.cookies
    for page in (STOP, "/accounts/logout/"):
        assert forged.post(page).status_code == 403
        assert name(acting) == "Alice Example"


def test_a_form_opened_as_the_person_is_refused_afterwards(acting):
    before = acting.cookies["csrf"].value if "csrf" in acting.cookies else ""
    acting.post(STOP)
    assert acting.cookies["csrf"].value != before


def test_signing_out_ends_both(acting):
    response = acting.post("/accounts/logout/")
    assert name(acting) == "nobody"
    assert not Session.objects.exclude(user=None).exists()
    assert "Clear-Site-Data" in response.headers
    assert not acting.cookies[COOKIE].value


def test_start_and_stop_are_in_both_audit_trails(acting, alice, olivia):
    acting.post("/told/")
    acting.post(STOP)
    told = Event.objects.filter(verb__startswith="impersonation", subject_id=alice.pk)
    assert list(told.order_by("id").values_list("verb", "actor_id", "impersonator_id")) == [
        (Verb.IMPERSONATION_STARTED, olivia.pk, None),
        (Verb.IMPERSONATION_STOPPED, olivia.pk, None),
    ]
    assert told.earliest("id").data["personal"]["reason"] == "Ticket 42"
    log = LogEntry.objects.filter(user=olivia, object_id=str(alice.pk)).order_by("id")
    assert [entry.change_message for entry in log] == [
        "Began to act as this person",
        "Stopped acting as this person",
    ]


def test_what_is_done_meanwhile_says_who_did_it(acting, alice, olivia):
    acting.post("/told/")
    event = Event.objects.get(verb=Verb.SIGNED_UP)
    assert (event.actor_id, event.impersonator_id) == (alice.pk, olivia.pk)


def test_the_persons_last_sign_in_stays_and_no_mail_is_sent(acting, alice):
    alice.refresh_from_db()
    assert alice.last_login is None
    acting.post(STOP)
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_the_person_gets_mail_if_the_platform_wants_that(operator, alice, settings):
    settings.IMPERSONATION_NOTICE = True
    act_as(operator)
    operator.post(STOP)
    began, stopped = mail.outbox
    assert began.to == stopped.to == ["alice@example.com"]
    assert began.subject == "Olivia Example acts as you"
    assert "UTC" in began.body
    assert stopped.subject == "Olivia Example no longer acts as you"


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_that_is_down_does_not_stop_it(operator, alice, settings, mail_server):
    settings.IMPERSONATION_NOTICE = True
    assert act_as(operator).text == "begun"


def test_the_person_signs_in_and_out_meanwhile(acting, alice):
    own = Client()
    sign_in(own, password=PASSWORD)
    own.post("/accounts/logout/")
    assert name(acting) == "Alice Example"


def test_the_cookie_is_kept_from_scripts_and_other_sites(operator, alice):
    cookie = act_as(operator).cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert (cookie["path"], cookie["domain"]) == ("/", "")


@pytest.mark.parametrize(
    "key", ["x", "x" * 100_000, "a\0b" * 20, "🦊" * 20, "\udcff" * 20], ids=ascii
)
def test_a_made_up_key_changes_nothing(operator, key):
    own = "; ".join(f"{morsel.key}={morsel.value}" for morsel in operator.cookies.values())
    raw = f"{own}; {COOKIE}={key}".encode(errors="surrogateescape").decode("latin-1")
    visitor = Client()
    assert visitor.get("/who/", HTTP_COOKIE=raw).content == b"Olivia Example"


def test_an_impersonation_that_ended_during_a_request_is_a_bad_request(acting, alice, monkeypatch):
    touched = Session.objects.all()
    monkeypatch.setattr(
        impersonation, "patch_vary_headers", lambda *args: touched.filter(user=alice).delete()
    )
    assert acting.get("/remember/").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_ban_and_a_start_at_once_leave_no_impersonation(operator, alice, olivia):
    def start():
        return act_as(operator).status_code

    def ban():
        alice.ban(by=User.objects.get(pk=olivia.pk), reason="Spam")

    begun, _ = at_once(start, ban)
    assert begun in (200, 403)
    assert not alice.sessions.exists()
