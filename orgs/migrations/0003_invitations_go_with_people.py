"""The database itself deletes invitations of a person who is deleted, in whichever way: those they
accepted, whatever the address, and those to the address of their account.

The teams they would have led to are forgotten with them: Django, which does that elsewhere, does not
know of these. Emails go with people, too, and after some weeks; then their invitation forgets them.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION orgs_forget_invitee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM orgs_invitation WHERE id = OLD.id;
    RETURN NULL;
END $$;

CREATE TRIGGER invitation_goes_with_its_invitee
    AFTER UPDATE OF invitee_id ON orgs_invitation
    FOR EACH ROW WHEN (OLD.invitee_id IS NOT NULL AND NEW.invitee_id IS NULL)
    EXECUTE FUNCTION orgs_forget_invitee();

CREATE FUNCTION orgs_forget_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM orgs_invitation WHERE email = OLD.email;
    RETURN NULL;
END $$;

CREATE TRIGGER invitations_go_with_their_address
    AFTER DELETE ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION orgs_forget_address();

ALTER TABLE orgs_invitation_teams ADD CONSTRAINT invitation_teams_go_with_it
    FOREIGN KEY (invitation_id) REFERENCES orgs_invitation (id) ON DELETE CASCADE;

ALTER TABLE orgs_invitation ADD CONSTRAINT invitation_forgets_its_mail
    FOREIGN KEY (mail_id) REFERENCES accounts_mail (id) ON DELETE SET NULL;
"""

BACKWARDS = """
ALTER TABLE orgs_invitation DROP CONSTRAINT invitation_forgets_its_mail;
ALTER TABLE orgs_invitation_teams DROP CONSTRAINT invitation_teams_go_with_it;
DROP TRIGGER invitations_go_with_their_address ON accounts_user;
DROP TRIGGER invitation_goes_with_its_invitee ON orgs_invitation;
DROP FUNCTION orgs_forget_address();
DROP FUNCTION orgs_forget_invitee();
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0002_owner_always_exists")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
