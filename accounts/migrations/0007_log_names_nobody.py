"""Django's own log of the admin keeps ids and no names: what happened to whom is in the events,
which forget people that are gone.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION accounts_log_names_nobody() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.object_repr := coalesce(
        (SELECT model FROM django_content_type WHERE id = NEW.content_type_id) || ' ', ''
    ) || coalesce(NEW.object_id, '');
    RETURN NEW;
END $$;

CREATE TRIGGER log_names_nobody
    BEFORE INSERT ON django_admin_log
    FOR EACH ROW EXECUTE FUNCTION accounts_log_names_nobody();
"""

BACKWARDS = """
DROP TRIGGER log_names_nobody ON django_admin_log;
DROP FUNCTION accounts_log_names_nobody();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_pictures_go_with_people"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
