"""The site behind a real PgBouncer, which hands each transaction another connection.

It stands before the tests' own PostgreSQL with its defaults, but takes its connections in turn:
what a statement leaves on one, the next one does not find. No test here is rolled back.
"""

import io
import json
import re
from itertools import chain
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from psycopg.errors import IdleInTransactionSessionTimeout, QueryCanceled

from accounts.models import Mail, User
from accounts.outbox.worker import Worker
from accounts.tests.people import CODE, mailed_code, sign_in, sign_up
from config.cast import PASSWORD
from config.database import embedded, from_url
from config.tests.admin_pages import url
from config.tests.at_once import at_once, posting, statuses
from config.tests.clone import wait_until
from config.tests.every_table import MODELS, make_rows
from config.tests.servers import Bouncer, Server
from orgs.models import Invitation, Membership
from orgs.tests.conftest import link_in
from waitlist.models import Entry

pytestmark = pytest.mark.slow

SIZE = 3
# What outlives a transaction, and PgBouncer does not bring along with its client.
LEFT = """
    SELECT pg_backend_pid(), array(SELECT name FROM pg_prepared_statements) ||
        array(SELECT name FROM pg_cursors WHERE is_holdable) ||
        array(SELECT pg_listening_channels()) ||
        array(SELECT relname::text FROM pg_class WHERE relnamespace = pg_my_temp_schema()) ||
        array(SELECT name FROM pg_settings WHERE source = 'session' AND name NOT IN
            ('application_name', 'client_encoding', 'DateStyle', 'TimeZone',
             'standard_conforming_strings')) ||
        array(SELECT locktype FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
"""
IDLE = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"


@pytest.fixture(scope="module")
def bouncer(django_db_setup):
    names = ("host", "port", "user", "password")
    server = SimpleNamespace(**{name: connection.settings_dict[name.upper()] for name in names})
    with Bouncer(server, size=SIZE, server_round_robin=1) as bouncer:
        yield bouncer


@pytest.fixture
def pooled(bouncer, transactional_db, monkeypatch):
    """Let the site reach its database through PgBouncer alone; nothing may stay there."""
    entry = connection.settings_dict
    made = from_url(bouncer.url(), environment="test", pooler="transaction")
    connection.close()
    connection.close_pool()
    with monkeypatch.context() as patch:
        patch.setattr(embedded, "start", lambda purpose: bouncer.port)
        for name in ("HOST", "PORT", "OPTIONS", "DISABLE_SERVER_SIDE_CURSORS"):
            patch.setitem(entry, name, made[name])
        warm_up(bouncer, entry["NAME"])
        yield
        assert leftovers(bouncer, entry["NAME"]) == {}
        connection.close()
        connection.close_pool()


def warm_up(bouncer, name):
    """Have PgBouncer open all of its connections."""
    opened = [connect(bouncer, name) for _ in range(SIZE)]
    for statement in ("BEGIN", "SELECT 1", "COMMIT"):
        for one in opened:
            one.execute(statement)
    for one in opened:
        one.close()


def connect(bouncer, name):
    """Without anything that would be left behind by the test itself."""
    parameters = {"user": bouncer.server.user, "password": bouncer.server.password}
    return bouncer.connect(dbname=name, prepare_threshold=None, **parameters)


def leftovers(bouncer, name):
    """What is left on which of its connections, by their processes."""
    with connect(bouncer, name) as own:
        left = dict(own.execute(LEFT).fetchone() for _ in range(3 * SIZE))
    assert len(left) == SIZE
    return {pid: names for pid, names in left.items() if names}


def ask(question):
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def test_each_statement_has_another_connection(pooled):
    assert len({ask("SELECT pg_backend_pid()") for _ in range(2 * SIZE)}) == SIZE


def test_what_would_stay_is_noticed(bouncer, pooled):
    """So that `pooled` cannot pass by looking away."""
    name = connection.settings_dict["NAME"]
    with connect(bouncer, name) as own:
        for statement in ("SET work_mem = '5MB'", "SELECT pg_advisory_lock(1)", "LISTEN news"):
            own.execute(statement)
        left = chain.from_iterable(leftovers(bouncer, name).values())
        assert sorted(left) == ["advisory", "news", "work_mem"]
        for statement in ("RESET work_mem", "SELECT pg_advisory_unlock_all()", "UNLISTEN *"):
            for _ in range(SIZE):
                own.execute(statement)


def test_people_sign_up_organize_and_invite(pooled, client, mailoutbox):
    assert sign_up(client).url == CODE
    assert client.post(CODE, {"code": mailed_code()}).url == "/organizations/last/"
    client.post("/organizations/new/", {"name": "Erin's bakery", "slug": "bakery"})
    home = "/o/bakery/"
    client.post(f"{home}teams/new/", {"name": "Oven"})
    guests = "\n".join(f"guest-{n}@example.com" for n in range(20))
    answer = client.post(f"{home}invitations/new/", {"emails": guests, "role": "member"})
    assert answer.url == f"{home}invitations/"
    assert Mail.objects.filter(delivered__isnull=False).count() == len(mailoutbox) > 20

    guest = Client()
    link = link_in(next(mail for mail in mailoutbox if mail.to == ["guest-7@example.com"]))
    onward = guest.post(f"{link}sign-up/").url
    form = {"name": "Guest", "email": "guest-7@example.com", "password1": PASSWORD}
    assert guest.post(onward, form, follow=True).status_code == 200
    guest.post(f"{link}accept/")
    assert Membership.objects.filter(user__email="guest-7@example.com").exists()
    for page in ("", "members/?q=guest", "teams/", "invitations/", "events/", "settings/"):
        assert client.get(home + page).status_code == 200, page


def test_a_person_sees_their_pages_and_takes_their_data_along(pooled, client, alice, acme, birch):
    assert sign_in(client).status_code == 302
    for _ in range(6):  # by the sixth time a connection of one's own would have prepared it all
        for page in ("/organizations/", "/o/acme/", "/o/birch/members/", "/account/devices/"):
            assert client.get(page).status_code == 200, page
    for page in (
        "/account/",
        "/account/data/",
        "/accounts/email/",
        "/accounts/2fa/",
        "/invitations/",
    ):
        assert client.get(page).status_code == 200, page
    form = {"name": "Alice Miller", "time_zone": "Europe/Berlin"}
    assert client.post("/account/profile/", form).status_code == 302
    data = json.loads(client.post("/account/data/download/").getvalue())
    assert data["you"]["name"] == "Alice Miller"


def test_the_admin_lists_searches_exports_and_draws_every_table(pooled, operator):
    make_rows(range(2))
    for model in MODELS:
        lists = url(model, "changelist")
        for page in (lists, f"{lists}?q=person"):
            assert operator.get(page).status_code == 200, page
        assert operator.get(url(model, "csv")).getvalue().startswith(b"\xef\xbb\xbf")
    for page in ("/admin/", "/admin/schema/", "/admin/migrations/"):
        assert operator.get(page).status_code == 200, page


def test_a_row_is_changed_in_the_admin(pooled, operator, acme):
    page = url(type(acme), "change", acme.pk)
    form = operator.get(page).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    typed = {name: "" if value is None else value for name, value in values.items()}
    answer = operator.post(page, typed | {"name": "Acme of Springfield"})
    acme.refresh_from_db()
    assert (answer.status_code, acme.name) == (302, "Acme of Springfield")


def test_many_join_the_waitlist_at_once(pooled):
    body = {"email": "ann@example.com"}
    calls = [
        lambda: Client().post("/api/waitlist", body, content_type="application/json")
        for _ in range(9)
    ]
    assert {*statuses(at_once(*calls))} <= {200, 201, 202}
    assert Entry.objects.count() == 1


def test_one_of_two_who_accept_an_invitation_at_once_gets_the_seat(pooled, alice, acme, mailoutbox):
    """The locks are those of transactions."""
    erin = User.objects.create_user("erin@example.com")
    erin.emailaddress_set.create(email=erin.email, verified=True, primary=True)
    acme.invite(erin.email, "member", by=acme.owner.organization_user)
    link, browser = link_in(mailoutbox[-1]), Client()
    browser.force_login(erin)
    answers = at_once(*[posting(browser, f"{link}accept/") for _ in range(4)])
    assert {*statuses(answers)} <= {302, 410}
    assert Membership.objects.filter(user=erin).count() == 1
    assert Invitation.objects.get().status == "accepted"


def test_the_worker_delivers_and_does_not_listen(pooled, mail_server):
    for n in range(3):
        Mail.objects.create(sender="us@example.com", recipients=[f"{n}@example.com"], subject="Hi")
    worker = Worker()
    worker._listen()
    mail_server.start()
    worker.deliver_due()
    assert not Mail.objects.filter(next_try=None, tries=0).exists()


def test_commands_work(pooled, alice):
    Authenticator.objects.create(user=alice, type="totp", data={"secret": ""})
    call_command("clearsessions")
    with pytest.raises(CommandError, match="could not be read"):
        call_command("reencrypt", stdout=io.StringIO())
    call_command("migrate", verbosity=0)


def test_no_statement_takes_for_ever_once_the_role_has_a_limit(ping):
    """PgBouncer refuses start-up options, so `db ping` fails until the role has the limits."""
    with Server() as server, Bouncer(server) as bouncer:
        with pytest.raises(CommandError, match="set DATABASE_POOLER=transaction"):
            ping(bouncer.url())
        with pytest.raises(CommandError, match="Behind this pooler nothing ends") as missing:
            ping(bouncer.url(), pooler="transaction")
        statements, transactions = re.findall(r"ALTER ROLE [^;]+;", str(missing.value))
        server.ask(statements.replace("30s", "1s"))
        server.ask(transactions.replace("30s", "100ms"))
        bouncer.restart()
        assert "answers in" in ping(bouncer.url(), pooler="transaction")
        for _ in range(2):
            with pytest.raises(QueryCanceled):
                bouncer.ask("SELECT pg_sleep(20)")
        with bouncer.connect() as idle:
            idle.execute("BEGIN")
            assert wait_until(lambda: server.ask(IDLE) == 0)
            with pytest.raises(IdleInTransactionSessionTimeout):
                idle.execute("SELECT 1")
