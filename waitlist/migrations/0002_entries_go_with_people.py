"""The database itself deletes an address that waits when its person is deleted, in whichever way.

Triggers run in the order of their names. This one comes before that which deletes the person's
emails, because whoever leaves the list goes that way, too: first the entry, then its emails.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION waitlist_forget_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM waitlist_entry WHERE email = OLD.email;
    RETURN NULL;
END $$;

CREATE TRIGGER addresses_leave_the_waitlist
    AFTER DELETE ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION waitlist_forget_address();
"""

BACKWARDS = """
DROP TRIGGER addresses_leave_the_waitlist ON accounts_user;
DROP FUNCTION waitlist_forget_address();
"""


class Migration(migrations.Migration):
    dependencies = [("waitlist", "0001_initial"), ("accounts", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
