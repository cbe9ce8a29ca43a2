"""The waitlist in the admin."""

from config.tests.admin_pages import url
from waitlist.models import Attempt, Entry


def test_entries_can_be_searched_and_filtered_by_date(operator):
    for name in ("ann", "bea"):
        Entry.join(f"{name}@example.com")
    page = operator.get(
        url(Entry, "changelist"), {"q": "ann@", "created__gte": "2020-01-01 00:00:00+00:00"}
    )
    assert "ann@example.com" in page.text
    assert "bea@example.com" not in page.text


def test_an_entry_typed_by_hand_is_stored_as_the_form_would(operator):
    operator.post(url(Entry, "add"), {"email": " Ann@Example.COM "})
    assert [entry.email for entry in Entry.objects.all()] == ["ann@example.com"]


def test_attempts_can_be_deleted_and_not_changed(operator, client):
    client.post("/waitlist/", {"email": "ann@example.com"})
    attempt = Attempt.objects.get()
    assert operator.get(url(Attempt, "add")).status_code == 403
    change = url(Attempt, "change", attempt.pk)
    assert operator.post(change, {"count": 0}).status_code == 403
    delete = url(Attempt, "delete", attempt.pk)
    assert operator.post(delete, {"post": "yes"}).status_code == 302
    assert not Attempt.objects.exists()
