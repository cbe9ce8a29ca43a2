"""Django's engine for PostgreSQL, with connections that do not wait for ever."""

from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base

from config.database.patient import Connection, Pool


class DatabaseWrapper(base.DatabaseWrapper):
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
