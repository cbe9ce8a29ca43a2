"""The database itself keeps with each membership what lists of members are sorted and searched by.

Names and addresses are the person's; one index that begins with an organization and goes on with a
name needs both in one table. Each word carries the organization's key (orgs/members.py), so that
a search reads the words of one organization, however many others have the same.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION orgs_describe_member() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    person accounts_user;
BEGIN
    -- Shared, so that a name which changes at this moment is waited for.
    SELECT * INTO person FROM accounts_user WHERE id = NEW.user_id FOR SHARE;
    NEW.sort_name = lower(coalesce(nullif(person.name, ''), person.email));
    NEW.search = array_to_tsvector(ARRAY(
        SELECT right(NEW.organization_id::text, 12) || word
        FROM regexp_split_to_table(lower(person.name || ' ' || person.email), '[^[:alnum:]]+') word
        WHERE word <> ''
    ));
    RETURN NEW;
END $$;

CREATE TRIGGER membership_is_described
    BEFORE INSERT OR UPDATE OF user_id, organization_id, sort_name, search ON orgs_membership
    FOR EACH ROW EXECUTE FUNCTION orgs_describe_member();

CREATE FUNCTION orgs_describe_memberships() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orgs_membership SET search = NULL WHERE user_id = NEW.id;
    RETURN NULL;
END $$;

CREATE TRIGGER memberships_follow_their_person
    AFTER UPDATE OF name, email ON accounts_user
    FOR EACH ROW WHEN ((OLD.name, OLD.email) IS DISTINCT FROM (NEW.name, NEW.email))
    EXECUTE FUNCTION orgs_describe_memberships();
"""

BACKWARDS = """
DROP TRIGGER memberships_follow_their_person ON accounts_user;
DROP TRIGGER membership_is_described ON orgs_membership;
DROP FUNCTION orgs_describe_memberships();
DROP FUNCTION orgs_describe_member();
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0006_logos_go_with_organizations"), ("accounts", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
