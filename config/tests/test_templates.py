"""What holds for every template, and for the pages people see when something went wrong."""

import re
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.contrib import admin
from django.template import loader
from django.test import RequestFactory
from django.urls import reverse

TEMPLATES = settings.BASE_DIR / "templates"
STATIC = settings.BASE_DIR / "static"
ADMIN_STATIC = Path(admin.__file__).parent / "static"
INLINE = re.compile(r"\sstyle=|<style|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE)


def test_no_template_has_inline_code():
    """The content security policy would drop it in silence."""
    assert {page for page in TEMPLATES.rglob("*.html") if INLINE.search(page.read_text())} == set()


def test_templates_use_only_classes_that_a_style_sheet_knows():
    folders = (STATIC, ADMIN_STATIC)
    sheets = "".join(sheet.read_text() for folder in folders for sheet in folder.rglob("*.css"))
    known = set(re.findall(r"\.([a-z][\w-]*)", sheets))
    unknown = {page.name: classes(page) - known for page in TEMPLATES.rglob("*.html")}
    assert {page: names for page, names in unknown.items() if names} == {}


def classes(page):
    """Return the class names a template writes out in full."""
    literal = re.sub(r"\{%.*?%\}|[\w-]*\{\{.*?\}\}", " ", page.read_text(), flags=re.DOTALL)
    return set(" ".join(re.findall(r'class="(.*?)"', literal, re.DOTALL)).split())


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "405", "429", "503"])
def test_error_page_says_what_to_do_without_a_database(name):
    html = loader.render_to_string(f"{name}.html", request=RequestFactory().get("/anything/"))
    assert html.count("<h1>") == 1
    assert "css/main.css" in html


def test_server_error_page_needs_nothing_at_all():
    html = loader.get_template("500.html").render()
    assert "Something broke on our side" in html
    assert "{% extends" not in (TEMPLATES / "500.html").read_text()


class Invitation(forms.Form):
    email = forms.EmailField(help_text="Where the link goes.")
    note = forms.CharField(required=False)
    token = forms.CharField(widget=forms.HiddenInput, required=False)


def test_field_is_bound_to_its_help_and_its_error():
    html = str(Invitation({"email": "nobody"}))
    assert 'aria-describedby="id_email_helptext id_email_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_email_helptext"' in html
    assert 'id="id_email_error"' in html


def test_form_with_errors_links_to_the_fields():
    html = str(Invitation({"email": "nobody"}))
    assert 'role="alert"' in html
    assert '<a href="#id_email">Email</a>' in html
    assert '<a href="#id_note">' not in html


def test_form_without_errors_has_no_alert():
    assert 'role="alert"' not in str(Invitation())


def test_optional_field_says_so():
    html = str(Invitation())
    assert html.count("(optional)") == 1
    assert html.count('name="token"') == 1


def test_landing_offers_an_account_only_to_those_without_one(client, alice):
    sign_up = reverse("account_signup")
    assert sign_up in client.get("/").text
    client.force_login(alice)
    page = client.get("/").text
    assert sign_up not in page
    assert page.count(reverse("orgs:organization_list")) == 2
