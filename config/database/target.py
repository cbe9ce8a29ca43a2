"""Which database a command is about to act on, and whose machine that is."""

from dataclasses import dataclass
from typing import Any, Self

from django.conf import settings


@dataclass(frozen=True)
class Target:
    """What is said before anything is done, and what guards decide by."""

    environment: str
    host: str
    port: str
    name: str

    @classmethod
    def of(cls, database: dict[str, Any]) -> Self:
        """Return where the entry of DATABASES leads."""
        return cls(
            settings.ENVIRONMENT,
            str(database["HOST"]),
            str(database["PORT"] or 5432),
            str(database["NAME"]),
        )

    def __str__(self) -> str:
        return f"{self.environment}: database {self.name} on {self.host}:{self.port}"
