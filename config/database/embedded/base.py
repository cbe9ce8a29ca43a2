"""A database engine that starts the embedded PostgreSQL with the first connection.

Settings are read by editors, linters and type checkers too, which need no server. With this engine
everything that does need one gets it: `manage.py`, pytest in an editor, gunicorn.
"""

from collections.abc import Iterable
from typing import Any

from config.database import embedded
from config.database.embedded import programs
from config.database.patient import base


class DatabaseClient(base.DatabaseClient):
    """`manage.py dbshell` with the psql that comes along."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        port = embedded.start(settings_dict["EMBEDDED"])
        settings = {**settings_dict, "PORT": port}
        (_psql, *arguments), env = super().settings_to_cmd_args_env(settings, parameters)
        return [str(programs.program("psql")), *arguments], env


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        """Django's parameters, after the start: the port changes if another program took it."""
        self.settings_dict["PORT"] = embedded.start(self.settings_dict["EMBEDDED"])
        return super().get_connection_params()
