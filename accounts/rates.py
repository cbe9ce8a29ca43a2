"""allauth's rate limits, counted by ours (accounts.limits).

allauth has no hook for this. All its limits go through `consume` and `clear` of one module, which
`count_for_allauth` replaces: the rates stay in the settings (ACCOUNT_RATE_LIMITS), their meaning
stays allauth's ('5/5m/key,10/m/ip'). A test notices when an upgrade moves either of the two.
"""

from typing import Any

from allauth.core.exceptions import RateLimited
from allauth.core.internal import ratelimit
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from accounts import limits
from accounts.addresses import mailbox

SECOND_FACTOR = "mfa-auth-user-"  # how the keys of allauth's second factors begin
MAILED = {"confirm_email", "request_login_code", "reset_password"}  # what the key is an address of


def count_for_allauth() -> None:
    """Let allauth count with `consume` and `clear` below. Call it once, when the apps are ready."""
    ratelimit.consume = consume
    ratelimit.clear = clear


def consume(
    request: HttpRequest,
    *,
    app: str,
    action: str,
    config: dict[str, str] | None = None,
    key: str | None = None,
    user: Any = None,
    dry_run: bool = False,
    limit_get: bool = False,
    raise_exception: bool = False,
) -> ratelimit.RateLimitUsage | None:
    """Count a try at every rate of `action`, or at none, and return what can be rolled back.

    Return None if one rate refuses it, or raise RateLimited if the caller wants that; the request
    then knows how long to wait. `dry_run` looks without counting.
    """
    if request.method == "GET" and not limit_get:
        return ratelimit.RateLimitUsage([])
    ask = limits.look if dry_run else limits.count
    usage = Usage([])
    for limit in _limits(request, app, action, config, key, user):
        one = ask(**limit)
        if one.wait:
            usage.rollback()
            limits.refuse(request, one.wait)
            if raise_exception:
                raise RateLimited
            return None
        usage.usage.append(one)
    if not dry_run:
        _counted(request)[action, key] = usage
    return usage


def clear(
    request: HttpRequest,
    *,
    app: str,
    action: str,
    config: dict[str, str] | None = None,
    key: str | None = None,
    user: Any = None,
) -> None:
    """Take back this request's own try; without one, forget the failures at one account.

    Right codes of a second factor go the first way: they lift neither earlier failures nor
    those of the visitor's address. A new password takes the second.
    """
    if usage := _counted(request).pop((action, key), None):
        usage.rollback()
        return
    for limit in _limits(request, app, action, config, key, user, of_visitor=False):
        limits.forget(**limit)


class Usage(ratelimit.RateLimitUsage):
    usage: list[limits.Try]

    def rollback(self) -> None:
        """Let none of it count; a second call does nothing."""
        while self.usage:
            self.usage.pop().take_back()


def _limits(
    request: HttpRequest,
    app: str,
    action: str,
    config: dict[str, str] | None,
    key: str | None,
    user: Any,
    of_visitor: bool = True,
) -> list[dict[str, Any]]:
    """Return what to call `limits.count` with, for each rate of the action."""
    if action == "login_failed" and key and key.startswith(SECOND_FACTOR):
        action = "second_factor"
    return [
        {
            "kind": action,
            "who": _who(request, action, rate.per, key, user),
            "amount": rate.amount,
            "seconds": int(rate.duration),
        }
        for rate in ratelimit.get_rates(app=app, action=action, config=config)
        if of_visitor or rate.per != "ip"
    ]


def _who(request: HttpRequest, action: str, per: str, key: str | None, user: Any) -> str:
    if per == "ip":
        return limits.visitor(request)
    if per == "user":
        return str((user or request.user).pk)
    if per != "key" or key is None:
        raise ImproperlyConfigured(f"There is no {per} to count by.")
    return mailbox(key) if action in MAILED else key


def _counted(request: HttpRequest) -> dict[tuple[str, str | None], Usage]:
    """Return the tries that this request has counted, by action and key."""
    if not hasattr(request, "counted_tries"):
        request.counted_tries = {}  # type: ignore[attr-defined]
    return request.counted_tries  # type: ignore[attr-defined]
