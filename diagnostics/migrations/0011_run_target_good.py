from django.db import migrations, models

from diagnostics.index_building import BuildIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("diagnostics", "0010_retention_by_time"),
    ]

    operations = [
        BuildIndex(
            "run",
            models.Index(
                condition=models.Q(("branch", ""), ("cause", "none")), fields=["target", "-id"], name="run_target_good"
            ),
        ),
    ]
