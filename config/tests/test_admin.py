"""/admin/ as a whole: no table is missing, no page breaks, no choice is a list of a million."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import ForeignKey, ManyToManyField
from django.urls import reverse

from config import cast

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)

every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)


@pytest.fixture
def operator(client, db):
    cast.seed()
    client.force_login(cast.User.objects.get(email="olivia@example.com"))
    return client


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_table_is_there():
    assert [model._meta.label for model in apps.get_models() if model not in MODELS] == []


@every_model
def test_every_list_search_row_and_form_opens(operator, model):
    for query in ("", "?q=example", "?q=%00", "?o=1.-2", "?p=99999", "?unknown=1"):
        assert operator.get(url(model, "changelist") + query).status_code in (200, 302)
    assert operator.get(url(model, "add")).status_code in (200, 403)
    if row := model.objects.first():
        assert operator.get(url(model, "change", row.pk)).status_code == 200
        assert operator.get(url(model, "delete", row.pk)).status_code in (200, 403)


@every_model
def test_every_list_can_be_searched_and_does_not_count_twice(model):
    assert admin.site._registry[model].search_fields
    assert admin.site._registry[model].show_full_result_count is False


def test_no_choice_is_a_list_of_every_row(operator):
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
