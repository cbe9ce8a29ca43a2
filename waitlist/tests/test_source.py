"""Where people come from: the campaign in the link that led them here, and the site it stood on."""

import re

import pytest

from waitlist.models import Entry
from waitlist.tests.people import joins

pytestmark = pytest.mark.django_db

URL = "/waitlist/"
CAMPAIGN = {
    "utm_source": "newsletter",
    "utm_medium": "email",
    "utm_campaign": "spring",
    "utm_term": "django",
    "utm_content": "button",
}


def hidden(page):
    return dict(
        re.findall(r'type="hidden" name="((?:utm_\w+|referrer))" value="([^"]+)"', page.text)
    )


def source():
    return Entry.objects.get().source


def test_what_the_link_said_survives_an_error_and_is_kept(client):
    page = client.get(URL, CAMPAIGN, headers={"referer": "https://news.example/item?id=1"})
    again = client.post(URL, hidden(page) | {"email": "no address"})
    assert again.status_code == 400
    client.post(URL, hidden(again) | {"email": "ann@example.com"})
    assert source() == CAMPAIGN | {"referrer": "news.example"}


def test_the_first_source_counts(client):
    joins(client, utm_source="newsletter")
    joins(client, utm_source="fair")
    assert source() == {"utm_source": "newsletter"}


@pytest.mark.parametrize("bad", ["", "x" * 101, "a\x00b", "a\nb", "a\u202eb", "\x1b[2J"])
def test_what_is_no_good_is_left_out_and_stops_nobody(client, bad):
    assert joins(client, utm_source=bad, utm_medium="email").status_code == 302
    assert source() == {"utm_medium": "email"}


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("https://News.Example:8443/a?b=c#d", "news.example"),
        ("news.example", "news.example"),
        ("android-app://com.example.mail", "com.example.mail"),
        ("https://ann:secret@news.example/", "news.example"),
        ("https://news.example/" + "x" * 1000, "news.example"),
        ("https://" + "x" * 101 + ".example", None),
        ("https://[news.example", None),
        ("https://<b>.example", None),
        ("http://testserver/", None),
    ],
)
def test_of_the_referrer_the_host_is_kept_if_it_is_not_ours(client, referrer, host):
    assert joins(client, referrer=referrer).status_code == 302
    assert source() == ({"referrer": host} if host else {})


def test_the_page_that_links_here_passes_its_campaign_on(client, settings):
    settings.SIGNUP_MODE = "waitlist"
    assert (
        'href="/waitlist/?utm_source=fair&amp;utm_medium=print"'
        in client.get("/?utm_source=fair&utm_medium=print").text
    )
    assert 'href="/waitlist/"' in client.get("/").text
