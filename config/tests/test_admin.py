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
def test_every_list_row_and_form_opens(operator, model):
    assert operator.get(url(model, "changelist")).status_code == 200
    assert operator.get(url(model, "add")).status_code in (200, 403)
    if row := model.objects.first():
        assert operator.get(url(model, "change", row.pk)).status_code == 200
        assert operator.get(url(model, "delete", row.pk)).status_code in (200, 403)


@every_model
def test_every_list_is_searched_and_sorted_whatever_the_address_says(operator, model):
    model_admin = admin.site._registry[model]
    assert model_admin.search_fields
    assert model_admin.show_full_result_count is False
    for query in ("?q=example", "?q=%00", "?o=1.-2", "?p=99999", "?unknown=1"):
        assert operator.get(url(model, "changelist") + query).status_code in (200, 302)


@every_model
def test_no_choice_is_a_list_of_every_row(operator, model):
    model_admin = admin.site._registry[model]
    request = operator.get("/admin/").wsgi_request
    for adding, row in ((True, None), (False, model.objects.first())):
        allowed = model_admin.has_add_permission if adding else model_admin.has_change_permission
        if not allowed(request):
            continue
        chosen = [*model_admin.autocomplete_fields, *model_admin.raw_id_fields]
        fixed = model_admin.get_readonly_fields(request, row)
        for name in model_admin.get_form(request, row, change=not adding).base_fields:
            if isinstance(model._meta.get_field(name), ForeignKey | ManyToManyField):
                assert name in chosen or name in fixed
