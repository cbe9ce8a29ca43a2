"""Lists in the admin stay quick however many rows there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.browsing import counting

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/accounts/user/"


def test_a_list_counts_no_further_than_anybody_reads(operator, alice, bob, monkeypatch):
    monkeypatch.setattr(counting, "MOST_COUNTED", 2)
    with CaptureQueriesContext(connection) as queries:
        page = operator.get(PEOPLE).text
    assert "2+ users" in " ".join(page.split())
    counts = [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]
    assert len(counts) == 1
    assert "LIMIT 3" in counts[0]


def test_a_short_list_is_counted_to_the_end(operator, alice, bob):
    assert "3 users" in " ".join(operator.get(PEOPLE).text.split())
