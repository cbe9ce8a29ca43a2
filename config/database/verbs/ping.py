"""manage.py db ping: whether the database answers, how fast, how safely, and to whom."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from config.database import vitals
from config.database.reaching import reach
from config.database.verbs import Verb


class Ping(Verb):
    help = "Say whether the database answers, how fast, how safely, and to whom else."

    def run(self, **options: Any) -> None:
        started = time.perf_counter()
        connection = reach()
        connected = time.perf_counter() - started
        with connection:
            times = f"answers in {_ms(vitals.latency(connection))}, the median of {vitals.TIMES}"
            self.stdout.write(vitals.server(connection))
            self.stdout.write(f"{times}; to connect took {_ms(connected)}")
            self.stdout.write(vitals.encryption(connection))
            self.stdout.write(_pool())
            self.stdout.write(vitals.sessions(connection))
            if missing := vitals.unlimited(connection):
                raise CommandError(_say_limits(missing, connection.info.user))


def _pool() -> str:
    pool = settings.DATABASES["default"]["OPTIONS"]["pool"]
    return (
        f"pool: up to {pool['max_size']} connections a process, which a request waits "
        f"{pool['timeout']} s for; each is kept for {pool['max_lifetime']} s, or for "
        f"{pool['max_idle']} s without work"
    )


def _say_limits(missing: list[str], role: str) -> str:
    seconds = settings.DATABASE_STATEMENT_SECONDS
    statements = [f"ALTER ROLE \"{role}\" SET {name} = '{seconds}s';" for name in missing]
    return " ".join(["Behind this pooler nothing ends what takes too long. Run once:", *statements])


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
