"""Who may open which page of /admin/, and send it a form: every address, by one table."""

import re
from collections import Counter
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client
from django.urls import NoReverseMatch, URLResolver, get_resolver, resolve, reverse

from accounts.models import Event, Session, User
from accounts.sessions import SessionStore
from accounts.verbs import Verb
from config.tests.every_table import make_rows

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

LADDER = ["staff", "admin", "owner"]

# By the end of a page's name: the lowest role that opens it, and that sends it a form. A page of
# your own needs an entry here only if others than admins may look at it.
NEEDED = {
    "changelist": ("staff", "admin"),
    "change": ("staff", "admin"),
    "history": ("staff", "admin"),
    "csv": ("staff", "admin"),
    "add": ("admin", "admin"),
    "delete": ("owner", "owner"),
    "session_delete": ("admin", "admin"),  # signing a device out is handling its person
    "ownership_assign": ("owner", "owner"),
    "user_bulk_ban": ("staff", "admin"),  # leads to the list
    "user_bulk_unban": ("staff", "admin"),
    **dict.fromkeys(["index", "app_list", "jsi18n", "autocomplete"], ("staff", "admin")),
    **dict.fromkeys(["password_change", "password_change_done"], ("staff", "admin")),
    **dict.fromkeys(["schema", "schema_table", "schema_migrations"], ("staff", "admin")),
}
OTHER = ("admin", "admin")
ENTRANCE = {"login", "logout"}
VALUES = {"app_list": "orgs", "schema_table": "orgs_organization"}
SUGGEST = "?app_label=account&model_name=emailaddress&field_name=user"


def names(resolver=None):
    """Yield the name of each page of the admin."""
    patterns = get_resolver().url_patterns
    resolver = resolver or next(one for one in patterns if str(one.pattern) == "admin/")
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern)
        elif pattern.name and pattern.name not in ENTRANCE:
            yield pattern.name


def address(name):
    """Return where the page is: of the newest row, if it is about one."""
    tables = {f"{one._meta.app_label}_{one._meta.model_name}_": one for one in admin.site._registry}
    table = next((tables[start] for start in tables if name.startswith(start)), None)
    row = table and table._base_manager.order_by("pk").last()
    query = SUGGEST if name == "autocomplete" else ""
    args = [VALUES.get(name, row and row.pk)]
    try:
        return reverse(f"admin:{name}") + query
    except NoReverseMatch:
        return reverse(f"admin:{name}", args=args)


def needed(name):
    parts = name.split("_")
    ends = ["_".join(parts[start:]) for start in range(len(parts))]
    return next((NEEDED[end] for end in ends if end in NEEDED), OTHER)


def browser(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def people(db, alice, olivia):
    """Browsers, one for each role, and that of a person without any; then rows of every table."""
    browsers = {"owner": browser(olivia), "user": browser(alice), "visitor": Client()}
    for role in ("staff", "admin"):
        browsers[role] = browser(User.objects.create_user(f"{role}@example.com", role=role))
    make_rows([1])
    return browsers


def is_open(answer):
    """Whether the page was shown, or the form looked at: none of the refusals."""
    leads_to = answer.headers.get("Location", "")
    to_sign_in = leads_to.startswith(("/admin/login/", "/accounts/"))
    return answer.status_code not in (401, 403, 404) and not to_sign_in


def opened(client, method, pages):
    """Return the names of the pages that open; what a form did is undone."""
    before = transaction.savepoint_create()
    found = {name for name, path in pages.items() if is_open(getattr(client, method)(path))}
    transaction.savepoint_rollback(before)
    return found


@pytest.fixture
def pages(people):
    return {name: address(name) for name in names()}


@pytest.mark.parametrize(("method", "at"), [("get", 0), ("post", 1)])
def test_who_opens_what_and_who_changes_what(people, pages, method, at):
    for name in ("password_change", "password_change_done"):
        del pages[name]  # lead out of the admin
    shown = {role: opened(people[role], method, pages) for role in reversed(LADDER)}
    for role in LADDER:
        may = {name for name in pages if LADDER.index(needed(name)[at]) <= LADDER.index(role)}
        assert shown[role] == may & shown["owner"], role
    if method == "get":
        read = {name for name in pages if needed(name)[0] == "staff"}
        assert shown["staff"] == read


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_else_opens_anything(people, pages, method, monkeypatch, settings):
    for who in ("visitor", "user"):
        assert opened(people[who], method, pages) == set()
    with monkeypatch.context() as patch:
        patch.setattr(SessionStore, "impersonator_id", Session.objects.first().user_id)
        assert opened(people["owner"], method, pages) == set()
    settings.ADMIN_REQUIRES_SECOND_FACTOR = True
    assert opened(people["owner"], method, pages) == set()


def state():
    """Return a digest of each table, but for who was seen last and what was downloaded."""
    found = {}
    with connection.cursor() as cursor:
        for model in admin.site._registry:
            table = model._meta.db_table
            cursor.execute(f"SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {table} t")
            found[table] = cursor.fetchone()
    del found["accounts_session"], found["accounts_event"]
    return found, Event.objects.exclude(verb=Verb.ROWS_DOWNLOADED).count()


def test_looking_changes_nothing(people, pages):
    before = state()
    for path in pages.values():
        for query in ({}, {"post": "yes", "action": "delete_selected", "_save": "Save"}):
            people["owner"].get(path, query)
    assert state() == before


def test_staff_are_offered_nothing_that_would_be_refused(people, pages):
    stella, links = people["staff"], set()
    for name in sorted(opened(stella, "get", pages)):
        page = stella.get(pages[name])
        if page.headers["Content-Type"].startswith("text/html") and page.status_code == 200:
            for form in re.findall(r'<form[^>]*method="post".*?</form>', page.text, re.S):
                assert "/admin/logout/" in form or 'type="submit"' not in form, name
            links |= {unescape(link) for link in re.findall(r'href="(/admin/[^"]*)"', page.text)}
    paths = sorted({urlsplit(link).path for link in links})
    assert len(paths) > len(admin.site._registry)
    assert [path for path in ten_of_each(paths) if stella.get(path).status_code >= 400] == []


def ten_of_each(paths):
    """Yield up to ten rows' pages of each kind: there are hundreds of permissions."""
    kinds = Counter()
    for path in paths:
        kinds[route := resolve(path).route] += 1
        if kinds[route] <= 10:
            yield path
