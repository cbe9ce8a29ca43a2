"""The database itself forgets an address that leaves the waitlist, in whichever way its row goes.

With the entry go the emails to its address and the counted tries with it, and the events about it
lose what named it. What belongs to somebody's account stays until that goes. The same holds for the
former address of an entry that gets another one.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION waitlist_forget_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids uuid[];
BEGIN
    SELECT array_agg(id) INTO ids FROM gone;

    DELETE FROM accounts_mail USING gone
    WHERE recipients && ARRAY[gone.email::text] AND accounts_is_unused(gone.email);

    DELETE FROM accounts_attempt USING gone
    WHERE split_part(key, ' ', 3) = gone.email AND accounts_is_unused(gone.email)
        OR split_part(key, ' ', 3) = regexp_replace(gone.email, '[+].*@', '@')
            AND key LIKE 'waitlist_mail %';

    UPDATE accounts_event SET subject_label = '', data = data - 'personal'
    WHERE subject_id = ANY (ids)
        AND subject_kind = 'entry' AND accounts_is_unused(subject_label);
    RETURN NULL;
END $$;

CREATE TRIGGER waitlist_entries_go_whole
    AFTER DELETE ON waitlist_entry REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION waitlist_forget_entries();

CREATE FUNCTION waitlist_forget_former() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM accounts_mail
    WHERE recipients && ARRAY[OLD.email::text] AND accounts_is_unused(OLD.email);

    DELETE FROM accounts_attempt
    WHERE split_part(key, ' ', 3) = OLD.email AND accounts_is_unused(OLD.email)
        OR split_part(key, ' ', 3) = regexp_replace(OLD.email, '[+].*@', '@')
            AND key LIKE 'waitlist_mail %';

    UPDATE accounts_event SET subject_label = '', data = data - 'personal'
    WHERE subject_id = OLD.id AND subject_label = OLD.email
        AND subject_kind = 'entry' AND accounts_is_unused(subject_label);
    RETURN NULL;
END $$;

CREATE TRIGGER waitlist_former_address_goes
    AFTER UPDATE ON waitlist_entry
    FOR EACH ROW WHEN (OLD.email <> NEW.email) EXECUTE FUNCTION waitlist_forget_former();

DO $$
BEGIN
    -- A temporary table of the same name is not looked at in the place of ours.
    EXECUTE format(
        'ALTER FUNCTION waitlist_forget_entries() SET search_path = %I, pg_temp', current_schema()
    );
    EXECUTE format(
        'ALTER FUNCTION waitlist_forget_former() SET search_path = %I, pg_temp', current_schema()
    );
END $$;
"""

BACKWARDS = """
DROP TRIGGER waitlist_former_address_goes ON waitlist_entry;
DROP FUNCTION waitlist_forget_former();
DROP TRIGGER waitlist_entries_go_whole ON waitlist_entry;
DROP FUNCTION waitlist_forget_entries();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("waitlist", "0003_sign_up_marks_joined"),
        ("accounts", "0008_mail_goes_with_people"),
    ]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS, hints={"destroys": "nothing"})]
