"""Django's engine for PostgreSQL, with connections that do not wait for ever."""

from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base, client

from config.database import clients, target
from config.database.patient import Connection, Pool


class DatabaseClient(client.DatabaseClient):
    """`manage.py dbshell` on the site's own connection.

    Django's tells psql a part of it, in variables: a service file that says less than them wins.
    """

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        told, hidden = clients.told(target.parameters(settings_dict))
        return [cls.executable_name, f"--dbname={told}", *parameters], hidden or None


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient
    _connection_pools: dict[str, Pool]
    _configure_connection: Any

    @property
    def pool(self) -> Any:
        """Django's own, which makes none where there is ours already."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if options and self.alias not in (*self._connection_pools, NO_DB_ALIAS):
            kwargs = self.get_connection_params() | {"autocommit": True}
            configure = self._configure_connection
            pool = Pool(
                connection_class=Connection,
                kwargs=kwargs,
                open=False,
                configure=configure,
                **options,
            )
            self._connection_pools.setdefault(self.alias, pool)
        return super().pool
