"""Secrets in /admin/: of every table, on every page, in every download, nothing of them shows."""

import json

import pytest
from allauth.account.models import EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.utils import timezone

from accounts import encryption
from accounts.events import Event
from accounts.models import Attempt, Avatar, Mail, Session, SetupToken, User
from accounts.own_data import LOOKS_SECRET, OPAQUE
from config.tests.admin_pages import url
from config.tests.every_table import MODELS, make_rows
from orgs.models import Invitation, Membership, Organization
from waitlist.models import Entry

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

MARK = "not-for-eyes"

# Where a secret stands, with a value as it might be: as much of MARK as fits.
SECRETS = {
    (User, "password"): f"argon2$argon2id$v=19$m=8,t=1,p=1${MARK}",
    (Session, "session_key"): f"hash-of-a-key-{MARK}",
    (Session, "session_data"): f"session-data-{MARK}",
    (SetupToken, "token_hash"): f"setup-{MARK}",
    (Authenticator, "data"): json.dumps({"secret": MARK, "seed": MARK, "credential": MARK}),
    (EmailConfirmation, "key"): f"confirmation-{MARK}",
    (SocialApp, "secret"): f"client-secret-{MARK}",
    (SocialApp, "key"): f"client-key-{MARK}",
    (SocialApp, "settings"): json.dumps({"server_url": MARK}),
    (SocialToken, "token"): encryption.encrypt(MARK),
    (SocialToken, "token_secret"): encryption.encrypt(MARK),
    (SocialAccount, "extra_data"): json.dumps({"access_token": MARK}),
    (Mail, "message"): MARK,
    (Invitation, "token_hash"): f"invitation-{MARK}",
    (Entry, "token_hash"): f"entry-{MARK}",
}
# What sounds secret, or is opaque, and may be read: some of it on pages alone, not in downloads.
HARMLESS = {
    (Event, "data"),
    (Attempt, "key"),
    (Avatar, "image"),
    (Organization, "metadata"),
    (Membership, "search"),
    (Entry, "source"),
    (Permission, "codename"),
}


@pytest.fixture
def rows(operator, olivia):
    """A row of every table whose secret columns hold MARK, but for who looks at them."""
    make_rows([1])
    SetupToken.objects.get_or_create()
    now = timezone.now()
    Mail.objects.update(delivered=None, next_try=now, message=MARK)
    for entry in Entry.objects.all():
        Entry.objects.filter(pk=entry.pk).update(token_hash=entry.pk, invited=now, expires=now)
    with connection.cursor() as cursor:
        for (model, column), value in SECRETS.items():
            options = model._meta
            others = {User: "id <> %s", Session: "user_id <> %s"}.get(model, "%s <> ''")
            sql = f"UPDATE {options.db_table} SET {column} = %s WHERE {others}"
            cursor.execute(sql, [value, str(olivia.pk)])
            assert cursor.rowcount
    return operator


def test_every_column_that_sounds_secret_is_known_to_these_tests():
    columns = {
        (model, field.name)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if LOOKS_SECRET.search(field.name) or isinstance(field, OPAQUE)
    }
    assert columns <= set(SECRETS) | HARMLESS


def looks(client, model):
    """Yield all that can be seen of a table, as text."""
    every = model._base_manager.order_by("pk")
    row = every.exclude(email="olivia@example.com").last() if model is User else every.last()
    changelist = url(model, "changelist")
    yield (page := client.get(changelist))
    for column in range(1, len(page.context["cl"].list_display)):  # the first has the boxes to tick
        yield client.get(changelist, {"o": f"-{column}", "_facets": "True"})
    for page in ("change", "history", "delete"):
        yield client.get(url(model, page, row.pk))
    keys = [str(key) for key in every.values_list("pk", flat=True)]
    asked = {"action": "delete_selected", "_selected_action": keys}
    yield client.post(changelist, asked)
    yield client.get(url(model, "csv"))


def test_no_page_and_no_download_shows_a_secret(rows):
    needles = [MARK, *SECRETS.values()]
    for model in MODELS:
        for answer in looks(rows, model):
            shown = answer.getvalue().decode()
            assert not [needle for needle in needles if needle in shown], answer.request


def test_no_search_and_no_suggestion_finds_by_a_secret(rows):
    for model in MODELS:
        secrets = [value for (table, _), value in SECRETS.items() if table is model]
        for word in (MARK, *secrets):
            page = rows.get(url(model, "changelist"), {"q": word})
            assert page.context["cl"].result_count == 0, (model, word)
        for field in admin.site._registry[model].autocomplete_fields:
            asked = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
            answer = rows.get("/admin/autocomplete/", asked | {"field_name": field, "term": MARK})
            assert answer.json()["results"] == []


def test_no_filter_leads_to_a_secret_of_another_table(rows):
    """Whoever reads `?user__password__startswith=a`, `…=b` and so on has read the hash."""
    for model in MODELS:
        for relation in model._meta.get_fields(include_hidden=True):
            columns = [name for table, name in SECRETS if table is relation.related_model]
            for column in columns:
                query = {f"{relation.name}__{column}__startswith": "a"}
                assert rows.get(url(model, "changelist"), query).status_code in (302, 400), query
