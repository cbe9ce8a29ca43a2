"""The database itself deletes a logo that is replaced, or whose organization was deleted.

As it does for pictures of people: accounts/migrations/0006_pictures_go_with_people.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION orgs_delete_former_logo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM accounts_avatar WHERE id = OLD.logo_id;
    RETURN NULL;
END $$;

CREATE TRIGGER logo_is_replaced
    AFTER UPDATE OF logo_id ON orgs_organization
    FOR EACH ROW WHEN (OLD.logo_id IS DISTINCT FROM NEW.logo_id)
    EXECUTE FUNCTION orgs_delete_former_logo();

CREATE TRIGGER logo_goes_with_its_organization
    AFTER DELETE ON orgs_organization
    FOR EACH ROW WHEN (OLD.logo_id IS NOT NULL)
    EXECUTE FUNCTION orgs_delete_former_logo();
"""

BACKWARDS = """
DROP TRIGGER logo_goes_with_its_organization ON orgs_organization;
DROP TRIGGER logo_is_replaced ON orgs_organization;
DROP FUNCTION orgs_delete_former_logo();
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0005_offers_end")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
