"""accounts.client: what a request tells about its device, true, false or rubbish."""

import pytest

from accounts import client
from accounts.models import Session
from accounts.tests.people import is_signed_in, sign_in


def ip(settings, proxies, forwarded, remote="192.0.2.1"):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    return client.ip({"HTTP_X_FORWARDED_FOR": forwarded, "REMOTE_ADDR": remote})


@pytest.mark.parametrize(
    ("proxies", "forwarded", "believed"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "rubbish", "192.0.2.1"),
    ],
)
def test_only_what_our_own_proxies_wrote_is_believed(settings, proxies, forwarded, believed):
    assert ip(settings, proxies, forwarded) == believed


@pytest.mark.parametrize(("proxies", "warned"), [(0, ["accounts.W001"]), (1, [])])
def test_the_check_before_a_deployment_asks_for_the_number_of_proxies(settings, proxies, warned):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    assert [warning.id for warning in client.check_proxies(None)] == warned


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("203.0.113.9:4711", "203.0.113.9"),
        (" 203.0.113.9 ", "203.0.113.9"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("", None),
        ("unknown", None),
        ("[", None),
        ("203.0.113.9.9", None),
        ("1\0", None),
        ("x" * 100_000, None),
    ],
)
def test_an_address_is_understood_however_it_is_written(settings, written, address):
    assert ip(settings, 0, "", remote=written) == address


@pytest.mark.django_db
@pytest.mark.parametrize("remote", ["", "fe80::1%eth0", "rubbish", "[::1]:80"])
@pytest.mark.parametrize("forwarded", ["", "rubbish", "1.2.3.4:5, fe80::1%eth0", "\0", "é"])
def test_whatever_a_request_tells_people_can_sign_in(client, alice, settings, remote, forwarded):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    sign_in(
        client,
        headers={"X-Forwarded-For": forwarded, "User-Agent": "\0é" + "x" * 100_000},
        REMOTE_ADDR=remote,
    )
    assert is_signed_in(client)
    assert len(Session.objects.get().user_agent) == 200
