from django.db import migrations, models
from django.db.models import Q

from diagnostics.index_building import BuildIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("diagnostics", "0020_shared_cache")]

    operations = [
        migrations.CreateModel(
            name="Turn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("queue", models.CharField(max_length=20)),
                ("person", models.BigIntegerField(default=0)),
                ("org", models.CharField(blank=True, max_length=80)),
                ("served_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("queue", "person", "org"), name="turn_once")],
            },
        ),
        BuildIndex(
            "run",
            models.Index(fields=["started_by", "client", "id"], name="run_queued", condition=Q(status="queued")),
        ),
    ]
