"""The database itself keeps an owner of the platform: one who is switched on and not banned.

Whatever would end the last one's power is refused, be it by the admin, a shell or raw SQL. The lock
makes two who do it at once come one after the other: the second then sees what the first has left.
Truncating, which empties the whole table for `flush`, passes.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION accounts_acts_as_owner(person accounts_user) RETURNS boolean LANGUAGE sql AS $$
    SELECT person.role = 'owner' AND person.is_active
        AND (person.banned_at IS NULL OR coalesce(person.ban_until <= now(), false))
$$;

CREATE FUNCTION accounts_check_former_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('accounts: the last owner stays'));
    IF current_setting('transaction_isolation') = 'repeatable read' THEN
        -- Its snapshot may show an owner who is none any more: locking the row then fails.
        PERFORM FROM accounts_user WHERE role = 'owner' FOR SHARE;
    END IF;
    IF NOT EXISTS (
        SELECT FROM accounts_user AS person
        WHERE role = 'owner' AND accounts_acts_as_owner(person)
    )
    THEN
        RAISE EXCEPTION 'the platform would have no owner'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'last_owner_stays';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER last_owner_is_not_deleted
    AFTER DELETE ON accounts_user FOR EACH ROW
    WHEN (accounts_acts_as_owner(OLD))
    EXECUTE FUNCTION accounts_check_former_owner();

CREATE TRIGGER last_owner_keeps_the_role
    AFTER UPDATE OF role, is_active, banned_at, ban_until ON accounts_user FOR EACH ROW
    WHEN (accounts_acts_as_owner(OLD) AND NOT accounts_acts_as_owner(NEW))
    EXECUTE FUNCTION accounts_check_former_owner();

DO $$
DECLARE
    name text;
BEGIN
    -- A temporary table of the same name is not looked at in the place of ours.
    FOREACH name IN ARRAY ARRAY['accounts_check_former_owner'] LOOP
        EXECUTE format('ALTER FUNCTION %s() SET search_path = %I, pg_temp', name, current_schema());
    END LOOP;
END $$;
"""

BACKWARDS = """
DROP TRIGGER last_owner_keeps_the_role ON accounts_user;
DROP TRIGGER last_owner_is_not_deleted ON accounts_user;
DROP FUNCTION accounts_check_former_owner();
DROP FUNCTION accounts_acts_as_owner(accounts_user);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS, hints={"destroys": "nothing"})]
