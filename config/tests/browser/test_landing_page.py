"""A landing page on another site, whose script puts people on the waitlist."""

import pytest

from waitlist.models import Entry

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

JOIN = """async (url) => {
    try {
        const answer = await fetch(url, {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify({email: "ann@example.com", utm_source: null}),
        });
        const header = (name) => answer.headers.get(name);
        return [answer.status, header("RateLimit-Remaining"), header("Retry-After") !== null];
    } catch (error) {
        return error.name;
    }
}"""
COUNT = "async (url) => (await (await fetch(url)).json()).count"


def test_a_page_of_a_named_site_joins_reads_every_answer_and_others_do_not(
    visitor, live_server, settings
):
    api = f"{live_server.url}/api/waitlist"
    elsewhere = live_server.url.replace("localhost", "127.0.0.1")
    settings.WAITLIST_ALLOWED_ORIGINS, settings.WAITLIST_RATE = [elsewhere], (1, 60)
    page = visitor().page
    page.goto(f"{elsewhere}/health/live")  # whose script may ask other sites: it has no policy

    assert [page.evaluate(JOIN, api) for _ in range(2)] == [[202, "0", False], [429, "0", True]]
    assert page.evaluate(COUNT, api) == 0
    assert Entry.objects.get().email == "ann@example.com"

    settings.WAITLIST_ALLOWED_ORIGINS = []
    assert page.evaluate(JOIN, api) == "TypeError"  # all that a browser tells
