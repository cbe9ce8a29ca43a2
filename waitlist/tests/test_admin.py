"""The waitlist in the admin."""

from config.tests.admin_pages import url
from waitlist.models import Entry


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
