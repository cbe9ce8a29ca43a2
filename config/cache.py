"""Where the cache is. Without CACHE_URL, production's is Django's table, written in one statement.

Django's own backend counts all rows before each write, needs four statements for one, and from 300
rows on throws a third away, whatever it is: a code that was used would then work again.
"""

import base64
import pickle  # what it reads, it wrote itself: the table is as private as the code
import random
import re
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends import db
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.db import connections, router

from config.env import SettingError

URL = re.compile(r"rediss?://([^\s@/]*@)?([\w.-]+|\[[0-9a-f:]+\])(:\d{1,5})?(/\d*)?", re.I)

SWEEP = 0.01  # of all writes also remove what has expired

WRITE = {
    "set": """
        INSERT INTO {table} AS held (cache_key, value, expires) VALUES (%s, %s, %s)
        ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires""",
    "add": """
        INSERT INTO {table} AS held (cache_key, value, expires) VALUES (%s, %s, %s)
        ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires
        WHERE held.expires <= clock_timestamp()""",
    "touch": "UPDATE {table} SET expires = %s WHERE cache_key = %s",
}


# Skipping what others are writing, sweeps wait for nobody and for each other neither.
CLEAN = """
    DELETE FROM {table} WHERE cache_key IN (
        SELECT cache_key FROM {table} WHERE expires <= clock_timestamp()
        LIMIT 1000 FOR UPDATE SKIP LOCKED
    )"""


def from_url(url: str, *, deployed: bool) -> dict[str, Any]:
    """Return the entry of CACHES: Valkey at the URL, else a table, or memory on a laptop.

    Raises SettingError for what is no address of a Valkey. A query is refused, too: it could have
    redis-py not verify a certificate.
    """
    if not url:
        table = "config.cache.DatabaseCache"
        backend = table if deployed else "django.core.cache.backends.locmem.LocMemCache"
        return {"BACKEND": backend, "LOCATION": "cache"}
    if not URL.fullmatch(url):
        raise SettingError(
            "CACHE_URL must be redis://user:password@host:port/number, or rediss:// for TLS, with "
            "special characters in the password as %-escapes, and nothing behind the number."
        )
    return {"BACKEND": "config.valkey.ValkeyCache", "LOCATION": [url]}


class DatabaseCache(db.DatabaseCache):
    """Of many `add` of one key at the same moment, exactly one returns True."""

    _table: str

    def _base_set(self, mode: str, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT) -> bool:
        expires = self._expires(timeout)
        parameters: list[Any] = [expires, key] if mode == "touch" else [key, _pack(value), expires]
        alias = router.db_for_write(self.cache_model_class)
        with connections[alias].cursor() as cursor:
            cursor.execute(WRITE[mode].format(table=self._table), parameters)
            written = cursor.rowcount > 0
            if random.random() < SWEEP:  # noqa: S311
                cursor.execute(CLEAN.format(table=self._table))
        return written

    def _expires(self, timeout: Any) -> datetime:
        seconds = self.get_backend_timeout(timeout)
        if seconds is None:
            return datetime.max.replace(tzinfo=UTC)
        return datetime.fromtimestamp(seconds, UTC)


def _pack(value: Any) -> str:
    return base64.b64encode(pickle.dumps(value)).decode()
