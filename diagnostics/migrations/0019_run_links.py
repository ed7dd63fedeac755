"""What leads from a schedule, and from a person, to their runs: small, since most runs have neither."""

from django.db import migrations, models

from diagnostics.index_building import BuildIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("diagnostics", "0018_run_person_time"),
    ]

    operations = [
        BuildIndex(
            "run",
            models.Index(fields=["pinned_by"], name="run_pinned_by", condition=models.Q(pinned_by__isnull=False)),
        ),
        BuildIndex(
            "run",
            models.Index(
                fields=["schedule", "-id"], name="run_of_schedule", condition=models.Q(schedule__isnull=False)
            ),
        ),
    ]
