from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_last_owner_stays")]
    operations = []
