"""The database itself deletes a picture that is nobody's any more.

It was replaced, or its person was deleted: in whichever way, also by two uploads at once.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION accounts_delete_former_avatar() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM accounts_avatar WHERE id = OLD.avatar_id;
    RETURN NULL;
END $$;

CREATE TRIGGER avatar_is_replaced
    AFTER UPDATE OF avatar_id ON accounts_user
    FOR EACH ROW WHEN (OLD.avatar_id IS DISTINCT FROM NEW.avatar_id)
    EXECUTE FUNCTION accounts_delete_former_avatar();

CREATE TRIGGER avatar_goes_with_its_person
    AFTER DELETE ON accounts_user
    FOR EACH ROW WHEN (OLD.avatar_id IS NOT NULL)
    EXECUTE FUNCTION accounts_delete_former_avatar();
"""

BACKWARDS = """
DROP TRIGGER avatar_goes_with_its_person ON accounts_user;
DROP TRIGGER avatar_is_replaced ON accounts_user;
DROP FUNCTION accounts_delete_former_avatar();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_sessions_end_together")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
