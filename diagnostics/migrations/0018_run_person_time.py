from django.db import migrations, models

from diagnostics.index_building import BuildIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("diagnostics", "0017_api_token_calls"),
    ]

    operations = [
        BuildIndex("run", models.Index(fields=["started_by", "-created_at", "-id"], name="run_person_time")),
    ]
