from django.db import migrations, models

from diagnostics.index_building import BuildIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("diagnostics", "0011_run_target_good"),
    ]

    operations = [
        BuildIndex("run", models.Index(fields=["source", "-created_at", "-id"], name="run_source_time")),
    ]
