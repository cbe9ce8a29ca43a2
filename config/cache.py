"""Production's cache: Django's table, written in one statement and emptied of nothing that counts.

Django's own backend counts all rows before each write, needs four statements for one, and from 300
rows on throws a third away, whatever it is: a code that was used would then work again.
"""

import base64
import pickle  # what it reads, it wrote itself: the table is as private as the code
import random
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends import db
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.db import connections, router

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
