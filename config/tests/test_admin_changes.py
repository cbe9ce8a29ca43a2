"""Changes in /admin/: each of them, of every table, is in the audit trail, once."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core import serializers
from django.forms import BooleanField
from django.urls import include, path

from accounts.browsing import Browsable
from accounts.events import Event
from accounts.models import User
from accounts.verbs import Verb
from config.tests.admin_pages import url
from config.tests.every_table import MODELS, make_rows
from orgs.models import Membership, Organization, Ownership, Team, Transfer
from waitlist.models import Entry

pytestmark = pytest.mark.slow

every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)

ADDED = {
    User: {"email": "new@example.com", "name": "New"},
    EmailAddress: {"email": "second@example.com"},
    Entry: {"email": "new@example.com"},
}
CHANGED = [User, EmailAddress, Organization, Membership, Entry]
GO_ALONG = {Ownership, Transfer}  # never deleted by themselves


@pytest.fixture
def rows(operator, alice):
    """One row of each table at least; Alice is a member whom nothing keeps."""
    make_rows([1])
    Organization.objects.get().add_user(alice)
    newest = {model: model._base_manager.order_by("pk").last() for model in MODELS}
    return newest | {User: alice}


def events_of(call):
    """Return what the call wrote into the audit trail."""
    before = {*Event.objects.values_list("pk", flat=True)}
    call()
    return list(Event.objects.exclude(pk__in=before))


def sent(page):
    """Return what a browser sends of the form as it is."""
    form = {}
    for bound in page.context["adminform"].form:
        value, shown = bound.value(), bound.html_initial_name
        if value not in (None, False):
            form[bound.html_name] = "on" if value is True else value
            form[shown] = bound.form.data.get(shown, value)
    return form


def with_one_change(page):
    """Return what a browser sends after its first field was changed, and that field's name."""
    form = sent(page)
    name, field = next(iter(page.context["adminform"].form.fields.items()))
    if hasattr(field, "choices"):
        form[name] = next(value for value, _ in field.choices if value not in ("", form[name]))
    elif isinstance(field, BooleanField):
        form[name] = "" if form.get(name) else "on"
    else:
        form[name] += "x"
    return form, name


def allowed(operator, permission):
    request = operator.get("/admin/").wsgi_request
    return {
        model
        for model, model_admin in admin.site._registry.items()
        if getattr(model_admin, f"has_{permission}_permission")(request)
    }


def test_every_table_records_its_changes(operator):
    assert all(isinstance(one, Browsable) for one in admin.site._registry.values())
    assert allowed(operator, "add") == set(ADDED)
    assert allowed(operator, "change") == set(CHANGED)


@pytest.mark.parametrize("model", ADDED, ids=lambda model: model._meta.label)
def test_a_row_that_is_added_is_recorded(operator, olivia, alice, model):
    form = ADDED[model] | {"user": alice.pk}
    [event] = events_of(lambda: operator.post(url(model, "add"), form))
    assert event.actor_id == olivia.pk
    assert "added" in event.did


@pytest.mark.parametrize("model", CHANGED, ids=lambda model: model._meta.label)
def test_a_row_that_is_changed_is_recorded_with_the_names_of_its_fields(
    operator, olivia, rows, model
):
    page = url(model, "change", rows[model].pk)
    form, field = with_one_change(operator.get(page))
    [event] = events_of(lambda: operator.post(page, form))
    assert event.actor_id == olivia.pk
    assert event.data.get("fields") == [field] or event.verb == Verb.MEMBER_ROLE_CHANGED
    unchanged = sent(operator.get(page))
    assert events_of(lambda: operator.post(page, unchanged)) == []


@pytest.mark.parametrize("many", [False, True])
@every_model
def test_a_row_that_is_deleted_is_recorded(operator, olivia, rows, model, many):
    row = rows[model]
    page = url(model, "changelist") if many else url(model, "delete", row.pk)
    form = {"post": "yes", "action": "delete_selected", "_selected_action": row.pk}
    events = events_of(lambda: operator.post(page, form))
    gone = not model._base_manager.filter(pk=row.pk).exists()
    assert gone is (model in allowed(operator, "delete") - GO_ALONG)
    assert [event.actor_id for event in events] == ([olivia.pk] if gone else [])


def test_what_is_recorded_of_an_entry_does_not_say_whose_it_is(operator):
    operator.post(url(Entry, "add"), {"email": "ann@example.com"})
    entry = Entry.objects.get()
    operator.post(url(Entry, "change", entry.pk), {"email": "bea@example.com"})
    operator.post(url(Entry, "delete", entry.pk), {"post": "yes"})
    verbs = [Verb.WAITLIST_DELETED, Verb.WAITLIST_CHANGED, Verb.WAITLIST_ADDED]
    events = Event.objects.filter(verb__in=verbs)
    assert [event.verb for event in events] == verbs
    assert {event.subject_label for event in events} == {f"entry {entry.pk}"}
    kept = serializers.serialize("json", [*Event.objects.all(), *LogEntry.objects.all()])
    assert "@example.com" not in kept.replace("olivia@example.com", "")


def test_a_key_that_is_a_text_is_not_kept(operator, rows):
    """Of who tried how often it says the IP address."""
    model = type(next(row for row in rows.values() if "192.0.2.1" in str(row.pk)))
    [event] = events_of(lambda: operator.post(url(model, "delete", "login 192.0.2.1"), {"post": 1}))
    assert "192.0.2.1" not in serializers.serialize("json", [event])


class TeamInline(admin.TabularInline):
    model = Team
    fields = ["name"]

    def has_add_permission(self, request, obj=None):
        return True

    has_change_permission = has_delete_permission = has_view_permission = has_add_permission


class OrganizationAdmin(Browsable):
    fields = ["name"]
    list_display = ["id", "name"]
    list_editable = ["name"]
    inlines = [TeamInline]


site = admin.AdminSite()
site.register(Organization, OrganizationAdmin)
urlpatterns = [path("admin/", site.urls), path("", include("config.urls"))]


@pytest.mark.urls(__name__)
def test_rows_inside_of_a_row_are_recorded(operator, garden, acme):
    park = acme.teams.create(name="Park")
    form = {
        "name": "Acme",
        "teams-TOTAL_FORMS": 3,
        "teams-INITIAL_FORMS": 2,
        "teams-0-id": park.pk,
        "teams-0-name": "Park",
        "teams-0-DELETE": "on",
        "teams-1-id": garden.pk,
        "teams-1-name": "Yard",
        "teams-2-name": "Meadow",
    }
    events = events_of(lambda: operator.post(url(Organization, "change", acme.pk), form))
    told = {(event.verb, event.data["row"], *event.data.get("fields", [])) for event in events}
    assert told == {
        (Verb.ROW_DELETED, str(park.pk)),
        (Verb.ROW_CHANGED, str(garden.pk), "name"),
        (Verb.ROW_ADDED, str(acme.teams.get(name="Meadow").pk)),
    }


@pytest.mark.urls(__name__)
def test_rows_that_are_changed_in_a_list_are_recorded(operator, acme):
    form = {
        "form-TOTAL_FORMS": 1,
        "form-INITIAL_FORMS": 1,
        "form-0-id": acme.pk,
        "form-0-name": "Zenith",
        "_save": "Save",
    }
    [event] = events_of(lambda: operator.post(url(Organization, "changelist"), form))
    assert (event.verb, event.data["fields"]) == (Verb.ROW_CHANGED, ["name"])
    assert event.data["table"] == "orgs.organization"
