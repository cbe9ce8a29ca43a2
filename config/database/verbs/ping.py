"""manage.py db ping: whether the database answers, and how fast."""

import time
from typing import Any

from django.db import connection

from config.database.verbs import Verb

TIMES = 5


class Ping(Verb):
    help = "Ask the database for its version, and say how long it took to answer."

    def run(self, **options: Any) -> None:
        with connection.cursor() as cursor:
            times = []
            for _ in range(TIMES):
                started = time.perf_counter()
                cursor.execute("SHOW server_version")
                (version,) = cursor.fetchone()
                times.append(time.perf_counter() - started)
        self.stdout.write(f"PostgreSQL {version}; answered in {min(times) * 1000:.1f} ms")
