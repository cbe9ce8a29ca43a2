"""The database itself marks who of the list has an account, in whichever way they signed up.

An account counts once its address is confirmed. An entry whose address is changed begins anew: what
the owner of the former one did is not the new one's doing, and a link in their mailbox opens nothing.
The trigger on allauth's table names no column, which would keep allauth from ever changing it.
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

CREATE FUNCTION waitlist_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        NEW.confirmed = NULL;
        NEW.invited = NULL;
        NEW.joined = NULL;
        NEW.unsubscribed = NULL;
        NEW.token_hash = '';
        NEW.expires = NULL;
    END IF;
    IF EXISTS (SELECT FROM account_emailaddress WHERE email = NEW.email AND verified) THEN
        NEW.joined = coalesce(NEW.joined, now());
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER waitlist_entry_begins
    BEFORE INSERT ON waitlist_entry
    FOR EACH ROW EXECUTE FUNCTION waitlist_begin();

CREATE TRIGGER waitlist_entry_begins_anew
    BEFORE UPDATE ON waitlist_entry
    FOR EACH ROW WHEN (OLD.email <> NEW.email) EXECUTE FUNCTION waitlist_begin();
"""

BACKWARDS = """
DROP TRIGGER waitlist_entry_begins_anew ON waitlist_entry;
DROP TRIGGER waitlist_entry_begins ON waitlist_entry;
DROP TRIGGER waitlist_marks_joined ON account_emailaddress;
DROP FUNCTION waitlist_begin();
DROP FUNCTION waitlist_mark_joined();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("waitlist", "0002_entries_go_with_people"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
