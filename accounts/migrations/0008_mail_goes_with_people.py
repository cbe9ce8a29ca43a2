"""The database itself deletes emails to a person who is deleted, in whichever way.

Those are the emails to the address of their account, and to any that they have confirmed and that
nobody else has: the audit trail knows these until it forgets them, in a trigger after this one.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION accounts_delete_mail() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    confirmed text[];
BEGIN
    SELECT array_agg(DISTINCT address) INTO confirmed
    FROM accounts_event AS event, LATERAL (SELECT data #>> '{personal,email}' AS address) AS told
    WHERE (actor_id = OLD.id OR subject_id = OLD.id)
        AND verb = 'account.email_confirmed' AND accounts_event_person(event) = OLD.id
        AND accounts_is_unused(address);

    DELETE FROM accounts_mail WHERE recipients && (confirmed || OLD.email::text);
    RETURN NULL;
END $$;

CREATE TRIGGER emails_go_with_their_person
    AFTER DELETE ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION accounts_delete_mail();

DO $$
BEGIN
    -- A temporary table of the same name is not looked at in the place of ours.
    EXECUTE format(
        'ALTER FUNCTION accounts_delete_mail() SET search_path = %I, pg_temp', current_schema()
    );
END $$;
"""

BACKWARDS = """
DROP TRIGGER emails_go_with_their_person ON accounts_user;
DROP FUNCTION accounts_delete_mail();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_log_names_nobody")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS, hints={"destroys": "nothing"})]
