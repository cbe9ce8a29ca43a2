"""Attempts cost no write to PostgreSQL's log; a crash of the server empties their table."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_events_stay")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE accounts_attempt SET UNLOGGED", "ALTER TABLE accounts_attempt SET LOGGED"
        ),
    ]
