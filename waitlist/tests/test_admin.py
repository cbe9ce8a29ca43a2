"""The waitlist in the admin."""

import pytest
from django.urls import reverse

from waitlist.models import Attempt, Entry


@pytest.fixture
def operator(client, olivia):
    client.force_login(olivia)
    return client


def test_entries_can_be_searched_and_filtered_by_date(operator):
    for name in ("ann", "bea"):
        Entry.join(f"{name}@example.com")
    url = reverse("admin:waitlist_entry_changelist")
    page = operator.get(url, {"q": "ann@", "created__gte": "2020-01-01 00:00:00+00:00"})
    assert "ann@example.com" in page.text
    assert "bea@example.com" not in page.text


def test_more_entries_cost_no_more_statements(operator, django_assert_num_queries):
    url = reverse("admin:waitlist_entry_changelist")
    operator.get(url)
    for rows in (1, 60):
        for number in range(rows):
            Entry.join(f"ann{rows}-{number}@example.com")
        with django_assert_num_queries(3):
            assert operator.get(url).status_code == 200


def test_an_entry_typed_by_hand_is_stored_as_the_form_would(operator):
    operator.post(reverse("admin:waitlist_entry_add"), {"email": " Ann@Example.COM "})
    assert [entry.email for entry in Entry.objects.all()] == ["ann@example.com"]


def test_attempts_can_be_deleted_and_not_changed(operator, client):
    client.post("/waitlist/", {"email": "ann@example.com"})
    attempt = Attempt.objects.get()
    assert operator.get(reverse("admin:waitlist_attempt_add")).status_code == 403
    change = reverse("admin:waitlist_attempt_change", args=[attempt.pk])
    assert operator.post(change, {"count": 0}).status_code == 403
    delete = reverse("admin:waitlist_attempt_delete", args=[attempt.pk])
    assert operator.post(delete, {"post": "yes"}).status_code == 302
    assert not Attempt.objects.exists()
