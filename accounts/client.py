"""What a request tells about the device it comes from. Nothing here fails, whatever it tells."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core import checks

USER_AGENT_LENGTH = 200


def ip(meta: Mapping[str, str]) -> str | None:
    """Return the client's IP address from `request.META`, or None where nobody knows it.

    Of X-Forwarded-For only the entries that our own proxies wrote are believed: the last
    TRUSTED_PROXY_COUNT. With fewer entries than that, or rubbish, the connection's own address
    counts, which a Unix socket does not have.
    """
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    forwarded = meta.get("HTTP_X_FORWARDED_FOR", "").split(",")
    told = forwarded[-proxies] if 0 < proxies <= len(forwarded) else ""
    return _parse(told) or _parse(meta.get("REMOTE_ADDR", ""))


@checks.register(checks.Tags.security, deploy=True)
def check_proxies(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """For `manage.py check --deploy`: hardly any site is asked directly."""
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        return []
    return [
        checks.Warning(
            "TRUSTED_PROXY_COUNT is 0: behind a proxy or a Unix socket all visitors count as one, "
            "and ten wrong passwords of anybody keep everybody out for a minute.",
            hint="Set it to the number of your proxies. If there is none, silence this check.",
            id="accounts.W001",
        )
    ]


def user_agent(meta: Mapping[str, str]) -> str:
    """Return the start of the User-Agent header as text that the database can hold."""
    text = meta.get("HTTP_USER_AGENT", "").replace("\0", "")
    return text.encode(errors="replace").decode()[:USER_AGENT_LENGTH]


def _parse(text: str) -> str | None:
    """Return the address in `1.2.3.4:80`, `[::1]:80`, `fe80::1%eth0`, `::ffff:1.2.3.4`, or None."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    # As IPv6 all of IPv4 would lie in one network and share one rate limit.
    return str(getattr(address, "ipv4_mapped", None) or address)
