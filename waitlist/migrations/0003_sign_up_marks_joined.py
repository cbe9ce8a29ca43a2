"""The database itself marks who of the list has an account, in whichever way they signed up.

An account counts once its address is confirmed. Triggers name no column of allauth's table, which
would keep allauth from ever changing it.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION waitlist_mark_joined() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.verified THEN
        UPDATE waitlist_entry SET joined = now() WHERE email = NEW.email AND joined IS NULL;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER waitlist_marks_joined
    AFTER INSERT OR UPDATE ON account_emailaddress
    FOR EACH ROW EXECUTE FUNCTION waitlist_mark_joined();

CREATE FUNCTION waitlist_know_joined() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM account_emailaddress WHERE email = NEW.email AND verified) THEN
        NEW.joined = now();
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER waitlist_knows_joined
    BEFORE INSERT ON waitlist_entry
    FOR EACH ROW WHEN (NEW.joined IS NULL) EXECUTE FUNCTION waitlist_know_joined();
"""

BACKWARDS = """
DROP TRIGGER waitlist_knows_joined ON waitlist_entry;
DROP TRIGGER waitlist_marks_joined ON account_emailaddress;
DROP FUNCTION waitlist_know_joined();
DROP FUNCTION waitlist_mark_joined();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("waitlist", "0002_entries_go_with_people"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
