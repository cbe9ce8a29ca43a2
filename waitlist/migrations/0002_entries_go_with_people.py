"""The database itself deletes an address that waits when its person is deleted, in whichever way."""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION waitlist_forget_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM waitlist_entry WHERE email = OLD.email;
    RETURN NULL;
END $$;

CREATE TRIGGER waitlist_forgets_address
    AFTER DELETE ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION waitlist_forget_address();
"""

BACKWARDS = """
DROP TRIGGER waitlist_forgets_address ON accounts_user;
DROP FUNCTION waitlist_forget_address();
"""


class Migration(migrations.Migration):
    dependencies = [("waitlist", "0001_initial"), ("accounts", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
