"""The database itself ends an impersonation with the device that began it.

Django would look for it first and delete it then: a statement more, and an impersonation that
began in between would make the sign-out fail.
"""

from django.db import migrations

FORWARDS = """
ALTER TABLE accounts_session ADD CONSTRAINT session_ends_with_its_parent
    FOREIGN KEY (parent_id) REFERENCES accounts_session (id) ON DELETE CASCADE
"""
BACKWARDS = "ALTER TABLE accounts_session DROP CONSTRAINT session_ends_with_its_parent"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_limits")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
