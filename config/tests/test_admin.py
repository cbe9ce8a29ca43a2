"""/admin/ as a whole: no table is missing, no page breaks, no choice is a list of a million."""

from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialApp
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import flatten_fieldsets, quote
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import ForeignKey, ManyToManyField
from django.test.utils import CaptureQueriesContext

from accounts.browsing import Browsable
from accounts.browsing.automatic import register_the_rest
from accounts.browsing.rows import leads_an_index, own_field
from accounts.events import Event
from accounts.models import Attempt, Avatar, User
from accounts.own_data import LOOKS_SECRET, OPAQUE
from accounts.roles import PlatformRole
from config.tests.admin_pages import url
from config.tests.every_table import MODELS, make_rows
from orgs.models import Membership, Organization, Team, TeamMembership
from waitlist.models import Entry

pytestmark = pytest.mark.slow

AUTOCOMPLETE = "/admin/autocomplete/"


def test_every_table_is_there():
    """Also those between two others, and those that no app registered."""
    assert set(apps.get_models(include_auto_created=True)) == set(MODELS)


def test_a_table_that_no_app_registered_is_there_to_look_at(operator):
    site = admin.AdminSite()
    register_the_rest(site)
    automatic = site._registry[Avatar]
    request = operator.get("/admin/").wsgi_request
    assert automatic.get_fields(request) == ["id", "created"]  # the picture is nothing to read
    assert automatic.has_view_permission(request)
    assert not automatic.has_add_permission(request)
    assert not automatic.has_change_permission(request)
    assert not automatic.has_delete_permission(request)


@pytest.mark.parametrize("role", PlatformRole.values[1:])
def test_every_page_opens_for_whoever_may_see_it(role, operator, olivia):
    make_rows([1])
    User.objects.filter(email="person-1@example.com").update(role=PlatformRole.OWNER)
    User.objects.filter(pk=olivia.pk).update(role=role)
    for model, model_admin in admin.site._registry.items():
        row = model.objects.first()
        assert row, f"make_rows makes no {model._meta.verbose_name}"
        pages = [url(model, "changelist"), url(model, "change", quote(row.pk))]
        pages += [url(model, "history", quote(row.pk))]
        for path in pages:
            page = operator.get(path)
            assert page.status_code == 200, path
            assert "not-for-eyes" not in page.text, path
        request = page.wsgi_request
        may = {
            "add": model_admin.has_add_permission(request),
            "delete": model_admin.has_delete_permission(request, row),
        }
        add, delete = url(model, "add"), url(model, "delete", quote(row.pk))
        assert operator.get(add).status_code == (200 if may["add"] else 403), add
        assert operator.get(delete).status_code == (200 if may["delete"] else 403), delete


@pytest.mark.django_db(transaction=True)
def test_nothing_made_up_breaks_a_page(operator):
    garbage = ["a\x00b", "9" * 40]
    queries = [{"q": one} for one in ("person", "'\"\\%_\N{SNOWMAN}", str(uuid4()), *garbage)]
    queries += [{"o": "99.-1.x", "_facets": "", "days": "x", "e": "1"}, {"p": "9999"}, {"pk": "x"}]
    queries += [{"_to_field": "x"}, {"id__in": "x"}]
    for model in MODELS:
        for query in queries:
            page = operator.get(url(model, "changelist"), query)
            assert page.status_code in (200, 302, 400), (model, query)
        for pk in garbage:
            for page in ("change", "history", "delete"):
                answer = operator.get(url(model, page, quote(pk)))
                assert answer.status_code in (302, 403, 404), (model, page, pk)


@pytest.mark.django_db(transaction=True)
def test_nothing_made_up_breaks_an_autocompletion(operator):
    field = {"app_label": "account", "model_name": "emailaddress", "field_name": "user"}
    page = operator.get(AUTOCOMPLETE, field | {"term": "olivia"})
    assert [one["text"] for one in page.json()["results"]] == ["Olivia Example"]
    account = {"app_label": "socialaccount", "model_name": "socialtoken", "field_name": "account"}
    assert operator.get(AUTOCOMPLETE, account | {"term": "a\x00b"}).status_code == 400
    for made_up in ({"term": "a\x00b"}, {"page": "x"}, {"page": "99"}, {"field_name": "no"}):
        assert operator.get(AUTOCOMPLETE, field | made_up).status_code in (200, 400, 403, 404)


def test_a_list_costs_as_much_for_ten_rows_as_for_three(operator):
    def statements(model):
        with CaptureQueriesContext(connection) as queries:
            assert operator.get(url(model, "changelist")).status_code == 200
        return len(queries)

    make_rows(range(3))
    operator.get("/admin/")  # Django remembers the content types
    few = {model: statements(model) for model in MODELS}
    make_rows(range(3, 10))
    assert {model: statements(model) for model in MODELS} == few
    assert max(few.values()) <= 6


def test_every_list_has_a_search_and_the_order_of_an_index_and_is_counted_once(operator):
    request = operator.get("/admin/").wsgi_request
    for model, model_admin in admin.site._registry.items():
        assert model_admin.get_search_fields(request), model
        assert list(model_admin.ordering) in (["-pk"], ["-until"]), model
        assert model_admin.show_full_result_count is False
        assert isinstance(model_admin, Browsable), model


def test_a_list_is_sorted_by_nothing_that_would_sort_every_row(operator):
    """Also not by an address: `?o=` obeys what the headers offer."""
    request = operator.get("/admin/").wsgi_request
    for model, model_admin in admin.site._registry.items():
        if model in (ContentType, Permission):  # a few hundred
            continue
        rows = model_admin.get_changelist_instance(request)
        for name in rows.list_display:
            by = rows.get_ordering_field(name)
            if by is not None:
                field = model._meta.pk if by == "pk" else model._meta.get_field(by)
                assert leads_an_index(field), (model, name)


def test_no_filter_offers_what_there_is_in_every_row(operator):
    """To find out would read them all, and may be a million choices."""
    request = operator.get("/admin/").wsgi_request
    for model, model_admin in admin.site._registry.items():
        if model in (ContentType, Permission, SocialApp):  # a few
            continue
        with CaptureQueriesContext(connection) as queries:
            rows = model_admin.get_changelist_instance(request)
        kinds = (admin.AllValuesFieldListFilter, admin.RelatedFieldListFilter)
        assert not any(isinstance(one, kinds) for one in rows.filter_specs), model
        assert not any("DISTINCT" in query["sql"] for query in queries), model


def test_every_foreign_key_of_a_list_leads_to_its_row(operator):
    request = operator.get("/admin/").wsgi_request
    firsts = {
        model: own_field(model, model_admin.get_list_display(request)[0])
        for model, model_admin in admin.site._registry.items()
    }
    # What stands first leads to the page of the row itself.
    assert [model for model, field in firsts.items() if field and field.is_relation] == []


def test_a_row_leads_both_ways(operator, acme, alice, garden):
    membership = acme.memberships.get(user=alice)
    page = operator.get(url(Membership, "changelist")).text
    assert f'href="{url(User, "change", alice.pk)}"' in page
    assert f'href="{url(Organization, "change", acme.pk)}"' in page
    page = operator.get(url(Organization, "change", acme.pk)).text
    assert f'href="{url(Membership, "change", membership.pk)}"' in page
    assert f'href="{url(Team, "change", garden.pk)}"' in page
    assert "created the organization Acme" in page
    assert f'href="{url(TeamMembership, "changelist")}?organization={acme.pk}"' in page
    page = operator.get(url(Membership, "change", membership.pk)).text
    assert f'href="{url(User, "change", alice.pk)}"' in page


def test_a_row_costs_as_much_with_many_others_pointing_at_it_as_with_few(operator, acme, olivia):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            page = operator.get(url(Organization, "change", acme.pk))
        return len(queries), "See all of them" in page.text.partition("Memberships</h2>")[2][:999]

    def add(numbers):
        for n in numbers:
            acme.add_user(User.objects.create_user(f"person-{n}@example.com"), by=olivia)
            acme.teams.create(name=f"Team {n}")

    add(range(2))
    statements()  # the process's first page of a row reads a content type, and remembers it
    few, more = statements()
    assert not more
    add(range(2, 9))
    assert statements() == (few, True)
    assert few <= 20


def test_a_persons_history_is_what_the_audit_trail_tells(operator, olivia, dora):
    name = {"name": "Dora Other", "initial-name": dora.name, "role": "user", "is_active": "on"}
    operator.post(url(User, "change", dora.pk), name)
    dora.refresh_from_db()
    dora.ban(by=olivia, reason="Spam")
    page = operator.get(url(User, "history", dora.pk)).text
    assert "Olivia Example edited the account of Dora Other (name)" in page
    assert "Olivia Example banned Dora Other" in page
    assert url(Event, "change", Event.objects.latest("pk").pk) in page


def test_a_history_without_events_is_the_admins_own_log(operator, olivia, dora):
    address = EmailAddress.objects.get(user=dora)
    LogEntry.objects.create(
        user=olivia,
        content_type=ContentType.objects.get_for_model(address),
        object_id=address.pk,
        action_flag=CHANGE,
        change_message="Changed Verified.",
    )
    assert "Changed Verified." in operator.get(url(EmailAddress, "history", address.pk)).text


@pytest.mark.parametrize("button", ["_save", "_continue", "_addanother"])
def test_what_was_done_is_told_without_praise(operator, button):
    form = {"email": "ann@example.com", button: "1"}
    page = operator.post(url(Entry, "add"), form, follow=True).text
    assert "ann@example.com</a>” was added." in page
    assert "successfully" not in page


def test_no_list_tells_by_a_filter_what_no_page_shows(operator):
    """Whoever reads `?password__startswith=a`, `…=b` and so on has read the hash in the end."""
    request = operator.get("/admin/").wsgi_request
    for model, model_admin in admin.site._registry.items():
        for field in model._meta.concrete_fields:
            if LOOKS_SECRET.search(field.name) or isinstance(field, OPAQUE):
                fields = flatten_fieldsets(model_admin.get_fieldsets(request))
                shown = field.name in {*model_admin.get_list_display(request), *fields}
                page = operator.get(url(model, "changelist"), {f"{field.name}__startswith": "a"})
                assert page.status_code == (200 if shown else 400), field


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("model", "query"),
    [
        (User, {"created__year": "9" * 30}),
        (User, {"email__regex": "("}),
        (User, {"id__gt": "zz"}),
        (User, {"email__range": "x"}),
        (Entry, {"id": "9" * 30}),
        (Event, {"ip": "zz"}),
        (Event, {"ip__search": "zz"}),
        (Attempt, {"times__in": "zz"}),
    ],
)
def test_a_made_up_filter_leads_back_to_the_list(operator, model, query):
    answer = operator.get(url(model, "changelist"), query, follow=True)
    assert (answer.status_code, "e=1" in answer.request["QUERY_STRING"]) in (
        (200, True),
        (400, False),
    )


def test_the_log_of_the_admin_names_nobody(operator, alice):
    """So nobody who is erased is still named in it."""
    operator.post(url(User, "change", alice.pk), {"name": "Alice Other", "role": "user"})
    operator.post(url(User, "delete", alice.pk), {"post": "yes"})
    labels = {*LogEntry.objects.values_list("object_repr", flat=True)}
    assert labels == {f"user {alice.pk}"}


def test_no_choice_is_a_list_of_every_row(operator):
    make_rows([1])
    request = operator.get("/admin/").wsgi_request
    for model, model_admin in admin.site._registry.items():
        looked_up = {*model_admin.autocomplete_fields, *model_admin.raw_id_fields}
        if model_admin.has_add_permission(request):
            assert choices(model_admin, request, None) <= looked_up, model
        if model_admin.has_change_permission(request):
            assert choices(model_admin, request, model.objects.first()) <= looked_up, model


def choices(model_admin, request, row):
    """The fields of the form for this row, or for a new one, that point at other rows."""
    fields = model_admin.get_form(request, row, change=row is not None).base_fields
    return {
        name
        for name in fields
        if isinstance(model_admin.opts.get_field(name), ForeignKey | ManyToManyField)
    }
