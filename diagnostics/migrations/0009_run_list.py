"""The indexes of the runs, each built while runs go on being written."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models.functions import Coalesce

from diagnostics.index_building import BuildIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("diagnostics", "0008_known_and_retention"),
    ]

    operations = [
        BuildIndex("run", models.Index(fields=["target", "-id"], name="run_target_recent")),
        BuildIndex("run", models.Index(fields=["conversation_id", "-id"], name="run_conversation_recent")),
        BuildIndex("run", GinIndex(fields=["marks"], name="run_marks")),
        BuildIndex(
            "run",
            models.Index(
                fields=["client", "created_at"],
                name="run_to_remember",
                condition=models.Q(is_remembered=False, status__in=["finished", "interrupted"]),
            ),
        ),
        BuildIndex(
            "run",
            models.Index(
                fields=["created_at"],
                name="run_with_bodies",
                condition=models.Q(bodies_dropped_at=None, pinned_at=None),
            ),
        ),
        BuildIndex("run", models.Index(fields=["-created_at", "-id"], name="run_time")),
        BuildIndex("run", models.Index(fields=["client", "-created_at", "-id"], name="run_client_time")),
        BuildIndex("run", models.Index(fields=["cause", "-created_at", "-id"], name="run_cause_time")),
        BuildIndex(
            "run",
            models.Index(
                Coalesce("duration_ms", models.Value(-1.0)).desc(), models.F("id").desc(), name="run_slowest"
            ),
        ),
        BuildIndex(
            "run", models.Index(fields=["created_at", "cause"], name="run_whole_cause", condition=models.Q(branch=""))
        ),
        BuildIndex(
            "run",
            models.Index(
                fields=["-created_at", "-id"], name="run_not_finished", condition=~models.Q(status="finished")
            ),
        ),
        BuildIndex(
            "run",
            models.Index(
                fields=["-created_at", "-id"], name="run_pinned", condition=models.Q(pinned_at__isnull=False)
            ),
        ),
    ]
