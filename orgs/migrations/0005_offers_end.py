"""The database itself ends an offer of the primary ownership that no longer means what it said.

That is when the primary owner changes, in whatever way, and when the recipient becomes a plain
member: made an admin again, they have nothing to accept.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION orgs_end_offer_of_former_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM orgs_transfer WHERE organization_id = NEW.organization_id;
    RETURN NULL;
END $$;

CREATE FUNCTION orgs_end_offer_to_plain_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM orgs_transfer WHERE membership_id = NEW.id;
    RETURN NULL;
END $$;

CREATE TRIGGER offer_ends_with_its_owner
    AFTER UPDATE OF organization_user_id ON orgs_ownership FOR EACH ROW
    EXECUTE FUNCTION orgs_end_offer_of_former_owner();

CREATE TRIGGER offer_ends_with_its_recipients_role
    AFTER UPDATE OF role ON orgs_membership FOR EACH ROW
    WHEN (NEW.role = 'member')
    EXECUTE FUNCTION orgs_end_offer_to_plain_member();
"""

BACKWARDS = """
DROP TRIGGER offer_ends_with_its_recipients_role ON orgs_membership;
DROP TRIGGER offer_ends_with_its_owner ON orgs_ownership;
DROP FUNCTION orgs_end_offer_to_plain_member();
DROP FUNCTION orgs_end_offer_of_former_owner();
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0004_teams_stay_inside")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
