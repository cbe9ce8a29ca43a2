"""Two at the same row in /admin/: nobody's work is lost, and no page breaks."""

from threading import Thread

import pytest
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.db import connection
from django.test import Client

from accounts.events import Event
from accounts.models import User
from accounts.verbs import Verb
from config.cast import person
from config.tests.admin_pages import url
from config.tests.at_once import at_once, posting
from config.tests.test_admin_changes import sent
from orgs.models import Organization
from waitlist.models import Entry

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def opened(operator, organization):
    """Return the address of the page, and what it sends if nobody types anything."""
    page = url(Organization, "change", organization.pk)
    return page, sent(operator.get(page))


def errors(answer):
    return answer.context["adminform"].form.errors


def test_an_old_page_takes_back_nothing_that_was_not_typed_on_it(operator, acme):
    page, form = opened(operator, acme)
    Organization.objects.update(slug="elsewhere")
    assert operator.post(page, form | {"name": "Zenith"}).status_code == 302
    acme.refresh_from_db()
    assert (acme.name, acme.slug) == ("Zenith", "elsewhere")
    assert Event.objects.get(verb=Verb.ORGANIZATION_EDITED).data["fields"] == ["name"]


def test_a_form_without_a_field_leaves_it_as_it_is(operator, acme, alice):
    """Also where nothing is what an empty field means; else that would change unrecorded."""
    EmailAddress.objects.filter(user=alice).update(verified=True)
    address = EmailAddress.objects.get(user=alice)
    for row, form in ((acme, {"name": "Acme", "slug": "acme"}), (address, {})):
        values = type(row)._base_manager.filter(pk=row.pk).values
        [before] = values()
        assert operator.post(url(type(row), "change", row.pk), form).status_code == 302
        [after] = values()
        assert after | {"modified": 0} == before | {"modified": 0}


def test_who_changes_what_somebody_else_changed_meanwhile_is_asked_first(operator, acme):
    page, form = opened(operator, acme)
    Organization.objects.update(name="Apex")
    asked = operator.post(page, form | {"name": "Zenith"})
    assert "Somebody else has changed this since you opened" in str(errors(asked)["name"])
    assert 'value="Zenith"' in asked.text
    acme.refresh_from_db()
    assert acme.name == "Apex"
    assert operator.post(page, sent(asked)).status_code == 302
    acme.refresh_from_db()
    assert acme.name == "Zenith"


def test_the_same_change_twice_is_none(operator, acme):
    page, form = opened(operator, acme)
    Organization.objects.update(name="Zenith")
    assert operator.post(page, form | {"name": "Zenith"}).status_code == 302
    assert not Event.objects.filter(verb=Verb.ORGANIZATION_EDITED).exists()


def test_a_row_that_is_gone_is_not_made_anew_and_what_was_typed_is_given_back(operator):
    entry = Entry.objects.create(email="ann@example.com", source={})
    page = url(Entry, "change", entry.pk)
    form = sent(operator.get(page))
    Entry.objects.all().delete()
    answer = operator.post(page, form | {"email": "bea@example.com"}, follow=True)
    assert "Perhaps it was deleted" in answer.text
    assert "What you had typed: email: bea@example.com" in answer.text
    assert not Entry.objects.exists()
    assert "you had typed" not in operator.post(page, form, follow=True).text


def test_what_a_trigger_refuses_is_said_in_the_form(operator, acme):
    for condition in ("", "USING ERRCODE = 'check_violation'"):
        with connection.cursor() as cursor:
            cursor.execute(f"""
                CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'names stay' {condition}; END $$;
                CREATE OR REPLACE TRIGGER refused BEFORE UPDATE ON orgs_organization
                FOR EACH ROW EXECUTE FUNCTION refuse()
            """)
        page, form = opened(operator, acme)
        answer = operator.post(page, form | {"name": "Zenith"})
        assert "Nothing was saved. The database says: Names stay." in answer.text
        assert 'value="Zenith"' in answer.text
    assert not Event.objects.filter(verb=Verb.ORGANIZATION_EDITED).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_one_address_at_once_the_second_reads_why(acme, birch):
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.force_login(User.objects.filter(role="owner").first() or person("olivia"))
    for n in range(5):
        calls = [
            posting(browser, *opened_with(browser, one, slug=f"taken-{n}"))
            for browser, one in zip(browsers, (acme, birch), strict=True)
        ]
        answers = at_once(*calls)
        assert sorted(answer.status_code for answer in answers) == [200, 302]
        [refused] = [answer for answer in answers if answer.status_code == 200]
        assert f'value="taken-{n}"' in refused.text
        assert errors(refused)


def opened_with(browser, organization, **typed):
    page, form = opened(browser, organization)
    return page, form | typed


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_is_erased_while_it_is_changed_stays_erased(olivia, monkeypatch):
    browser = Client()
    browser.force_login(olivia)
    entry = Entry.objects.create(email="ann@example.com", source={})
    page = url(Entry, "change", entry.pk)
    form = sent(browser.get(page)) | {"email": "bea@example.com"}
    erasing = Thread(target=at_once, args=[entry.delete])

    def erase_meanwhile(request, form, change):
        erasing.start()
        erasing.join(0.3)  # without a lock it is through by then, and the row would come back
        return form.save(commit=False)

    monkeypatch.setattr(admin.site._registry[Entry], "save_form", erase_meanwhile)
    assert browser.post(page, form).status_code == 302
    erasing.join()
    assert not Entry.objects.exists()
