from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("diagnostics", "0010_retention_by_time"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("branch", ""), ("cause", "none")), fields=["target", "-id"], name="run_target_good"
            ),
        ),
    ]
