"""The database itself keeps the audit trail: events are added, and stay as they were written.

It refuses to delete or change one, to the table's owner too. One change passes: what tells who a
person was may be blanked once that person is gone, and is blanked as soon as they are, whoever
deletes them and however. What that is of an event:

- its IP address, which belongs to whoever did it: the impersonator, the actor or, where the actor
  is a visitor, the person they came as;
- its label and data.personal, which are about its subject; without a subject, about the actor;
- a label that is an address: of an account, or of somebody who was invited.

A TRUNCATE passes triggers that look at rows, so it has two of its own: events are emptied only
together with people, as `flush` does.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION accounts_event_doer(event accounts_event) RETURNS uuid
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(
        event.impersonator_id, event.actor_id,
        CASE WHEN event.subject_kind = 'user' THEN event.subject_id END
    )
$$;

CREATE FUNCTION accounts_event_person(event accounts_event) RETURNS uuid
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE event.subject_kind
        WHEN 'user' THEN event.subject_id
        WHEN '' THEN event.actor_id
    END
$$;

CREATE FUNCTION accounts_is_gone(person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT person IS NOT NULL AND NOT EXISTS (SELECT FROM accounts_user WHERE id = person)
$$;

CREATE FUNCTION accounts_is_unused(address text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN address LIKE '%@%'
        AND NOT EXISTS (SELECT FROM accounts_user WHERE email = address)
        AND NOT EXISTS (
            SELECT FROM account_emailaddress JOIN accounts_user ON accounts_user.id = user_id
            WHERE account_emailaddress.email = address
        );
END $$;

CREATE FUNCTION accounts_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    written accounts_event := OLD;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.ip IS NULL AND accounts_is_gone(accounts_event_doer(OLD)) THEN
            written.ip := NULL;
        END IF;
        IF NEW.subject_label = '' AND (
            accounts_is_gone(accounts_event_person(OLD))
            OR OLD.subject_kind <> 'user' AND accounts_is_unused(OLD.subject_label)
        ) THEN
            written.subject_label := '';
            IF NOT NEW.data ? 'personal' THEN
                written.data := OLD.data - 'personal';
            END IF;
        END IF;
        IF NEW IS NOT DISTINCT FROM written THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'events are neither changed nor deleted'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'events_stay';
END $$;

CREATE TRIGGER events_stay
    BEFORE UPDATE OR DELETE ON accounts_event
    FOR EACH ROW EXECUTE FUNCTION accounts_event_stays();

CREATE FUNCTION accounts_check_truncated_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_user) THEN
        RAISE EXCEPTION 'events are not truncated while people exist'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'events_stay';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER events_are_not_truncated
    AFTER TRUNCATE ON accounts_event
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_check_truncated_events();

CREATE FUNCTION accounts_erase_from_events() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    addresses text[];
BEGIN
    SELECT array_agg(data #>> '{personal,email}') || OLD.email::text INTO addresses
    FROM accounts_event AS event
    WHERE (actor_id = OLD.id OR subject_id = OLD.id)
        AND verb = 'account.email_confirmed' AND accounts_event_person(event) = OLD.id;

    UPDATE accounts_event AS event SET ip = NULL
    WHERE (actor_id = OLD.id OR subject_id = OLD.id OR impersonator_id = OLD.id)
        AND ip IS NOT NULL AND accounts_event_doer(event) = OLD.id;

    UPDATE accounts_event AS event SET subject_label = '', data = data - 'personal'
    WHERE (actor_id = OLD.id OR subject_id = OLD.id)
        AND (subject_label <> '' OR data ? 'personal') AND accounts_event_person(event) = OLD.id;

    UPDATE accounts_event SET subject_label = '', data = data - 'personal'
    WHERE subject_label = ANY (addresses) AND subject_label LIKE '%@%'
        AND subject_kind <> 'user' AND accounts_is_unused(subject_label);
    RETURN NULL;
END $$;

CREATE TRIGGER erased_from_events
    AFTER DELETE ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION accounts_erase_from_events();

CREATE FUNCTION accounts_erase_all_from_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts_event AS event SET ip = NULL
    WHERE ip IS NOT NULL AND accounts_event_doer(event) IS NOT NULL;
    UPDATE accounts_event AS event SET subject_label = '', data = data - 'personal'
    WHERE accounts_event_person(event) IS NOT NULL OR subject_label LIKE '%@%';
    RETURN NULL;
END $$;

CREATE TRIGGER all_erased_from_events
    AFTER TRUNCATE ON accounts_user
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_erase_all_from_events();

DO $$
DECLARE
    name text;
BEGIN
    -- A temporary table of the same name is not looked at in the place of ours.
    FOREACH name IN ARRAY ARRAY[
        'accounts_event_stays',
        'accounts_check_truncated_events',
        'accounts_erase_from_events',
        'accounts_erase_all_from_events'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s() SET search_path = %I, pg_temp', name, current_schema());
    END LOOP;
END $$;
"""

BACKWARDS = """
DROP TRIGGER all_erased_from_events ON accounts_user;
DROP TRIGGER erased_from_events ON accounts_user;
DROP TRIGGER events_are_not_truncated ON accounts_event;
DROP TRIGGER events_stay ON accounts_event;
DROP FUNCTION accounts_erase_all_from_events();
DROP FUNCTION accounts_erase_from_events();
DROP FUNCTION accounts_check_truncated_events();
DROP FUNCTION accounts_event_stays();
DROP FUNCTION accounts_is_unused(text);
DROP FUNCTION accounts_is_gone(uuid);
DROP FUNCTION accounts_event_person(accounts_event);
DROP FUNCTION accounts_event_doer(accounts_event);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_last_owner_stays")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS, hints={"destroys": "nothing"})]
