"""The cache in Valkey, where CACHE_URL says so: Django's own backend, and what if it is away.

A read that may be old is a miss then, and goes to the database. What has to be certain, that a code
which works once was not used before, raises CacheAway, and the page answers 503. What Valkey holds
is pickled: as with the database, who can write to it is trusted.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from django.db import OperationalError
from redis import exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE = 0.5  # seconds for connecting, and for an answer
PAUSE = 5  # seconds in which a process does not ask one that did not answer

_MISSING = object()

logger = logging.getLogger(__name__)


class CacheAway(OperationalError):
    """Valkey does not answer, and nothing else knows. `ErrorMiddleware` makes a 503 of it."""


class ValkeyCache(RedisCache):
    """Of many `add` of one key at the same moment, exactly one returns True, or none does."""

    _away_until: ClassVar[float] = 0  # by the process's own clock

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {
            "socket_connect_timeout": PATIENCE,
            "socket_timeout": PATIENCE,
            # A connection that was closed meanwhile is made anew, one that is silent is not.
            "retry": Retry(NoBackoff(), 1, supported_errors=(exceptions.ConnectionError,)),
        }
        super().__init__(server, params | {"OPTIONS": options})

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._ask_or(default, super().get, key, default, version)

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return self._ask_or({}, super().get_many, keys, version)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return self._ask_or(False, super().has_key, key, version)

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self._ask_or(None, super().set, key, value, timeout, version)

    def set_many(
        self, data: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        return self._ask_or(list(data), super().set_many, data, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._ask_or(False, super().touch, key, timeout, version)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._ask_or(False, super().delete, key, version)

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        self._ask_or(None, super().delete_many, keys, version)

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        return self._ask(super().add, key, value, timeout, version)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return self._ask(super().incr, key, delta, version)

    def clear(self) -> None:
        self._ask(super().clear)

    def get_or_set(
        self,
        key: Any,
        default: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> Any:
        """As Django's, but nothing in it needs to be certain."""
        answer = self.get(key, _MISSING, version)
        if answer is _MISSING:
            answer = default() if callable(default) else default
            self.set(key, answer, timeout, version)
        return answer

    def _ask_or(self, otherwise: Any, method: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return self._ask(method, *arguments)
        except CacheAway:
            return otherwise

    def _ask(self, method: Callable[..., Any], *arguments: Any) -> Any:
        if time.monotonic() < ValkeyCache._away_until:
            raise CacheAway("Valkey did not answer a moment ago.")
        try:
            return method(*arguments)
        except exceptions.RedisError as error:
            ValkeyCache._away_until = time.monotonic() + PAUSE
            logger.error("Valkey fails, and reads go on without it: %s", error)
            raise CacheAway("Valkey does not answer.") from error
