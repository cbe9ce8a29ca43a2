"""The database itself keeps an owner in every organization.

Django's models cannot say either rule. The composite foreign key keeps the primary owner's membership in
the same organization and in the role of owner. Two triggers refuse, at commit, an organization
without an Ownership row; deleting the organization with everything of it stays possible. A TRUNCATE
passes triggers that look at rows, so it has one of its own.
"""

from django.db import migrations

FORWARDS = """
ALTER TABLE orgs_ownership ADD CONSTRAINT ownership_is_an_owners_membership
    FOREIGN KEY (organization_user_id, organization_id, role)
    REFERENCES orgs_membership (id, organization_id, role);

CREATE FUNCTION orgs_organization_has_owner(organization uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM orgs_organization WHERE id = organization)
        AND NOT EXISTS (SELECT FROM orgs_ownership WHERE organization_id = organization)
    THEN
        RAISE EXCEPTION 'organization % would have no owner', organization
            USING ERRCODE = 'check_violation', CONSTRAINT = 'organization_has_owner';
    END IF;
END $$;

CREATE FUNCTION orgs_check_new_organization() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orgs_organization_has_owner(NEW.id);
    RETURN NULL;
END $$;

CREATE FUNCTION orgs_check_former_ownership() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orgs_organization_has_owner(OLD.organization_id);
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER organization_has_owner
    AFTER INSERT OR UPDATE OF id ON orgs_organization DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION orgs_check_new_organization();

CREATE CONSTRAINT TRIGGER ownership_stays
    AFTER DELETE OR UPDATE OF organization_id ON orgs_ownership DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION orgs_check_former_ownership();

CREATE FUNCTION orgs_check_truncated_ownership() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orgs_organization_has_owner(id) FROM orgs_organization;
    RETURN NULL;
END $$;

CREATE TRIGGER ownership_is_not_truncated
    AFTER TRUNCATE ON orgs_ownership
    FOR EACH STATEMENT EXECUTE FUNCTION orgs_check_truncated_ownership();
"""

BACKWARDS = """
DROP TRIGGER ownership_is_not_truncated ON orgs_ownership;
DROP TRIGGER ownership_stays ON orgs_ownership;
DROP TRIGGER organization_has_owner ON orgs_organization;
DROP FUNCTION orgs_check_truncated_ownership();
DROP FUNCTION orgs_check_former_ownership();
DROP FUNCTION orgs_check_new_organization();
DROP FUNCTION orgs_organization_has_owner(uuid);
ALTER TABLE orgs_ownership DROP CONSTRAINT ownership_is_an_owners_membership;
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
