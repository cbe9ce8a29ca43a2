"""The table of Django's DatabaseCache, made by `migrate` so that a deploy needs no second command.

The same columns as `manage.py createcachetable` makes, but UNLOGGED: a write costs no entry in the
log, and a crash of the server empties it.
"""

from django.db import migrations

FORWARDS = """
CREATE UNLOGGED TABLE cache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX cache_expires ON cache (expires);
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunSQL(FORWARDS, "DROP TABLE cache")]
