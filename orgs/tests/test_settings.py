"""What admins and owners change about their organization: name and address, logo, metadata."""

import io
import json
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from PIL import Image

from accounts.models import Avatar, Event
from accounts.verbs import Verb
from config.tests.at_once import at_once
from orgs.models import Organization

PAGE = "/o/acme/settings/"


@pytest.fixture
def browser(bob, acme, signed_in):
    """Bob's, who is an admin."""
    return signed_in(bob)


def edit(browser, name="Acme", slug="acme", **forged):
    return browser.post(f"{PAGE}name/", {"name": name, "slug": slug, **forged})


def keep(browser, metadata):
    return browser.post(f"{PAGE}metadata/", {"metadata": metadata})


def upload(browser, content=None, name="logo.png"):
    content = png("RGB", (64, 32)) if content is None else content
    return browser.post(f"{PAGE}logo/", {"image": SimpleUploadedFile(name, content)})


def png(mode, size):
    file = io.BytesIO()
    Image.new(mode, size).save(file, "PNG")
    return file.getvalue()


def told(acme):
    """What the audit trail tells of changes, oldest first."""
    changes = Event.objects.filter(organization_id=acme.pk).exclude(verb=Verb.MEMBER_ADDED)
    return [(event.verb, event.data) for event in changes.order_by("pk")[1:]]


def test_a_name_is_changed_and_the_change_recorded(browser, acme, bob):
    assert edit(browser, "  Acme & Sons ").url == PAGE
    acme.refresh_from_db()
    assert (acme.name, acme.slug) == ("Acme & Sons", "acme")
    change = {"fields": ["name"], "before": "Acme", "after": "Acme & Sons"}
    assert told(acme) == [(Verb.ORGANIZATION_EDITED, change)]
    assert Event.objects.first().actor_id == bob.pk


def test_each_change_is_an_event_of_its_own(browser, acme):
    edit(browser, "Acme Two", "acme-two")
    fields = [data["fields"] for _, data in told(acme)]
    assert fields == [["name"], ["slug"]]


def test_saving_what_is_there_changes_and_records_nothing(browser, acme):
    keep(browser, "{}")
    assert edit(browser).url == PAGE
    assert told(acme) == []
    modified = acme.modified
    acme.refresh_from_db()
    assert acme.modified == modified


def test_a_new_address_replaces_the_old_one_at_once(browser, acme):
    assert "links to the old address stop working at once" in browser.get(PAGE).text
    assert edit(browser, slug="Acme-Two").url == "/o/acme-two/settings/"
    assert browser.get("/o/acme/").status_code == 404
    assert browser.get("/o/acme-two/").status_code == 200
    assert Organization.create(name="Other", slug="acme", by=acme.users.first()).slug == "acme"


@pytest.mark.parametrize("slug", ["birch", "Birch", "", "ab", "a--b", "admin", "..", "acme\x00"])
def test_an_address_that_cannot_be_is_refused_and_nothing_typed_is_lost(slug, browser, acme, birch):
    answer = edit(browser, "New name", slug)
    assert answer.status_code == 400
    assert 'id="id_slug_error"' in answer.text
    assert 'value="New name"' in answer.text
    assert "<h1>Settings</h1>" in answer.text
    assert "What Acme is called" in answer.text
    assert 'action="/o/acme/settings/name/"' in answer.text
    acme.refresh_from_db()
    assert (acme.name, acme.slug) == ("Acme", "acme")


@pytest.mark.parametrize(
    "name", ["", " ", "a" * 101, "nul\x00", "zero\u200bwidth", "\u202egnp.exe"]
)
def test_a_name_that_cannot_be_is_refused(name, browser, acme):
    answer = edit(browser, name)
    assert answer.status_code == 400
    assert 'id="id_name_error"' in answer.text
    acme.refresh_from_db()
    assert acme.name == "Acme"


def test_an_address_that_somebody_took_meanwhile_says_so(browser, acme, birch, monkeypatch):
    monkeypatch.setattr(Organization, "validate_unique", lambda self, exclude: None)
    answer = edit(browser, "New name", "birch")
    assert answer.status_code == 400
    assert "This web address was taken a moment ago. Choose another." in answer.text
    assert "What Acme is called" in answer.text
    assert told(acme) == []


def test_nothing_else_can_be_slipped_in(browser, acme, birch):
    forged = {"id": birch.pk, "is_active": "", "metadata": '{"a": 1}', "logo": birch.pk}
    assert edit(browser, "Acme Two", created="2000-01-01", users="", **forged).status_code == 302
    acme.refresh_from_db()
    assert (acme.name, acme.is_active, acme.metadata, acme.logo) == ("Acme Two", True, {}, None)


def test_the_page_of_a_refused_form_leads_back_when_it_is_opened_anew(browser):
    for form in ("name", "metadata", "logo"):
        assert browser.get(f"{PAGE}{form}/").url == PAGE


def test_whoever_loses_the_right_at_that_moment_changes_nothing(acme, bob, membership):
    by = membership(bob)
    acme.memberships.filter(pk=by.pk).update(role="member")
    with pytest.raises(PermissionDenied, match="permission to change the name"):
        acme.edit(by=by, name="Other")
    with pytest.raises(PermissionDenied, match="permission to change the name"):
        acme.change_logo(b"picture", by=by)


# Metadata


@pytest.mark.parametrize(
    "typed",
    [
        '{"customer": 4711, "tags": ["a", "ä"], "price": 1.5, "none": null}',
        '{"text": "\\\\u0000 is no NUL here", "brace": "{"}',
        "",
        '{"deep": ' + "[" * 31 + "]" * 31 + "}",
    ],
)
def test_metadata_is_any_small_json_object(typed, browser, acme):
    assert keep(browser, typed).url == PAGE
    acme.refresh_from_db()
    assert acme.metadata == json.loads(typed or "{}")
    page = browser.get(PAGE)
    assert json.loads(page.context["metadata_form"]["metadata"].value() or "{}") == acme.metadata


def test_the_audit_trail_tells_that_metadata_changed_and_not_to_what(browser, acme):
    keep(browser, '{"is": 1}')
    keep(browser, '{"is": true}')
    assert told(acme) == [(Verb.ORGANIZATION_EDITED, {"fields": ["metadata"]})] * 2


@pytest.mark.parametrize(
    "typed",
    [
        *("[]", "1", "null", '"text"', "{", "{'a': 1}", '{"a": 1} {}', '{"a": 1, "a": 2}'),
        *('{"a": NaN}', '{"a": Infinity}', '{"a": 1e999}', '{"a": ' + "9" * 5000 + "}"),
        *('{"a": "\\u0000"}', '{"\\u0000": 1}', '{"a": "\\ud800"}', '{"a": "\x00"}', "\ufeff{}"),
        '{"deep": ' + "[" * 32 + "]" * 32 + "}",
        '{"deep": ' + "[" * 20_000 + "]" * 20_000 + "}",
        '{"a": "' + "x" * 8192 + '"}',
        '{"a": "' + "ä" * 5000 + '"}',
        '{"a": [' + ", ".join(["1e307"] * 30) + "]}",  # 300 digits each, as PostgreSQL keeps them
        " " * 100_000,
    ],
    ids=lambda typed: typed[:20],
)
def test_metadata_that_cannot_be_kept_is_refused_and_stays_typed(typed, browser, acme):
    answer = keep(browser, typed)
    assert answer.status_code == 400
    assert answer.context["metadata_form"].errors
    assert answer.context["metadata_form"]["metadata"].value() == typed
    acme.refresh_from_db()
    assert acme.metadata == {}


def test_eight_kibibytes_fit_and_not_a_byte_more(browser, acme):
    largest = '{"a": "' + "x" * (8192 - 9) + '"}'
    assert keep(browser, largest).status_code == 302
    assert keep(browser, largest.replace("x", "xx", 1)).status_code == 400


@pytest.mark.parametrize("value", ["[]", "1", "null", '{"a": "' + "x" * 8192 + '"}'])
def test_the_database_keeps_nothing_but_a_small_object(value, acme):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE orgs_organization SET metadata = %s::jsonb", [value])


# Logo


def test_a_logo_becomes_a_square_webp_under_a_random_name(browser, acme):
    assert upload(browser, name="../../evil.html").url == PAGE
    acme.refresh_from_db()
    picture = Image.open(io.BytesIO(Avatar.objects.get().image))
    assert (picture.format, picture.size) == ("WEBP", (256, 256))
    address = f"/avatars/{acme.logo_id}.webp"
    assert browser.get(address).headers["Content-Type"] == "image/webp"
    assert address in browser.get(PAGE).text
    assert told(acme) == [(Verb.LOGO_CHANGED, {"removed": False})]


def test_a_replaced_or_removed_logo_is_gone(browser, acme, alice):
    alice.change_avatar(b"picture of alice")
    upload(browser)
    first = Organization.objects.get().logo_id
    upload(browser)
    assert Avatar.objects.count() == 2
    assert browser.get(f"/avatars/{first}.webp").status_code == 404
    assert "Remove the logo" in browser.get(PAGE).text
    browser.post(f"{PAGE}logo/remove/")
    assert Avatar.objects.get().user == alice
    assert "Remove the logo" not in browser.get(PAGE).text


def test_a_logo_goes_with_its_organization(browser, acme):
    upload(browser)
    Organization.objects.all().delete()
    assert not Avatar.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"GIF89a<script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
        png("1", (3001, 3000)),
        bytes(2 * 1024 * 1024 + 1),
    ],
    ids=["nothing", "svg", "html", "gif", "polyglot", "bomb", "large"],
)
def test_what_is_no_picture_is_refused_and_nothing_is_left(content, browser, acme):
    answer = upload(browser, content)
    assert answer.status_code == 400
    assert answer.context["logo_form"].errors["image"]
    assert not Avatar.objects.exists()
    assert told(acme) == []


@pytest.mark.django_db(transaction=True)
def test_of_logos_uploaded_at_once_one_is_left(acme, bob, membership):
    by = membership(bob)
    logos = [partial(Organization.objects.get().change_logo, bytes([n]), by=by) for n in range(6)]
    assert at_once(*logos) == [None] * 6
    assert Avatar.objects.get().organization == acme
