"""The database itself keeps teams, and what sessions remember, inside one organization.

Composite foreign keys, which Django's models cannot say. A place in a team belongs to a member of the
team's own organization. A session remembers only an organization that its person belongs to, and a
team of that one; what it remembers is forgotten as soon as that is no longer so.
"""

from django.db import migrations

FORWARDS = """
ALTER TABLE orgs_teammembership
    ADD CONSTRAINT team_membership_of_the_teams_organization
    FOREIGN KEY (team_id, organization_id) REFERENCES orgs_team (id, organization_id)
    ON DELETE CASCADE,
    ADD CONSTRAINT team_membership_of_a_member
    FOREIGN KEY (membership_id, organization_id) REFERENCES orgs_membership (id, organization_id)
    ON DELETE CASCADE;

ALTER TABLE accounts_session
    ADD CONSTRAINT session_remembers_an_organization_of_its_person
    FOREIGN KEY (user_id, active_organization_id)
    REFERENCES orgs_membership (user_id, organization_id)
    ON DELETE SET NULL (active_organization_id),
    ADD CONSTRAINT session_remembers_a_team_of_its_organization
    FOREIGN KEY (active_team_id, active_organization_id) REFERENCES orgs_team (id, organization_id)
    ON DELETE SET NULL (active_team_id);

CREATE FUNCTION accounts_forget_team() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.active_team_id = NULL;
    RETURN NEW;
END $$;

CREATE TRIGGER session_remembers_no_team_alone
    BEFORE INSERT OR UPDATE ON accounts_session FOR EACH ROW
    WHEN (NEW.active_organization_id IS NULL AND NEW.active_team_id IS NOT NULL)
    EXECUTE FUNCTION accounts_forget_team();
"""

BACKWARDS = """
DROP TRIGGER session_remembers_no_team_alone ON accounts_session;
DROP FUNCTION accounts_forget_team();
ALTER TABLE accounts_session
    DROP CONSTRAINT session_remembers_a_team_of_its_organization,
    DROP CONSTRAINT session_remembers_an_organization_of_its_person;
ALTER TABLE orgs_teammembership
    DROP CONSTRAINT team_membership_of_a_member,
    DROP CONSTRAINT team_membership_of_the_teams_organization;
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0003_invitations_go_with_people"), ("accounts", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
